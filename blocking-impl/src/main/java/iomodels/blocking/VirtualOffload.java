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
 * Slow work beside quick answers: the client's thread hands the work to a pool, and waits. It could
 * wait for a file by itself, as for anything else; but a virtual thread that computes keeps its
 * carrier, and there are as many carriers as processors: a few hashes, and no client would be
 * answered. So there is a pool of platform threads, among which the kernel shares the processors.
 * Its size and the length of its queue are its two limits; beyond them it throws, and the client is
 * told that the server is busy.
 *
 * <p>Where it waits: the client's two threads as {@link LineConversation} says, the one that
 * answers in {@code FutureTask.get}.
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
    return OffloadRequest.parse(line, config.folder()).map(work -> () -> done(work));
  }

  // tag::work[]
  private String done(OffloadRequest work) throws InterruptedException {
    return switch (work) {
      case OffloadRequest.Ping _ -> OffloadRequest.PONG;
      case OffloadRequest.Task slow -> elsewhere(slow);
    };
  }

  private String elsewhere(OffloadRequest.Task work) throws InterruptedException {
    FutureTask<String> task = new FutureTask<>(work::answer);
    try {
      pool.execute(task);
      return task.get();
    } catch (RejectedExecutionException _) {
      return OffloadRequest.BUSY;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      task.cancel(true); // If the client has gone, others need its worker,
      pool.remove(task); // or its place in the queue.
    }
  }

  // end::work[]
}
