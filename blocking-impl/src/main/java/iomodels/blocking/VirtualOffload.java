package iomodels.blocking;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.blocking.LineConversation.Request;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * The client's thread submits a task to a pool of platform threads, and waits for the result. It
 * could read a file itself. But a virtual thread that computes keeps its carrier thread, and there
 * are only as many carriers as processors: during a few hashes, no other client would be served.
 * The kernel schedules platform threads preemptively, so they share the processors. When all
 * workers are busy and the queue is full, the pool rejects the task, and the client gets an error
 * line.
 *
 * <p>The client's two threads wait as described in {@link LineConversation}; the one that answers
 * waits in {@code FutureTask.get}.
 */
final class VirtualOffload {

  private final ProgramConfig config;
  private final ThreadPoolExecutor pool;

  // tag::work[]
  private VirtualOffload(ProgramConfig config) throws IOException {
    this.config = config;
    pool =
        new ThreadPoolExecutor(
            config.workers(),
            config.workers(),
            0,
            MILLISECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            Thread.ofPlatform().daemon().factory());
    Threads.startAll(pool);
  }

  // end::work[]

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    VirtualOffload offload = new VirtualOffload(config);
    try {
      return new ProgramHost(
          config,
          peer -> new LineConversation(peer, offload::request, OffloadRequest.MALFORMED),
          offload.pool::shutdownNow);
    } catch (Throwable e) {
      offload.pool.shutdownNow();
      throw e;
    }
  }

  // end::accept[]

  private Optional<Request> request(String line) {
    return OffloadRequest.parse(line, config.folder()).map(request -> () -> answer(request));
  }

  // tag::work[]
  private String answer(OffloadRequest request) throws InterruptedException {
    return switch (request) {
      case OffloadRequest.Ping _ -> OffloadRequest.PONG;
      case OffloadRequest.Task task -> offload(task);
    };
  }

  private String offload(OffloadRequest.Task task) throws InterruptedException {
    FutureTask<String> future = new FutureTask<>(task::answer);
    try {
      pool.execute(future);
      return future.get();
    } catch (RejectedExecutionException _) {
      return OffloadRequest.BUSY;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      future.cancel(true); // If the client has disconnected, this frees its worker,
      pool.remove(future); // or its place in the queue.
    }
  }

  // end::work[]
}
