package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * Offloads slow tasks from an event loop. If the loop ran a task itself, no other client would be
 * answered. A thread pool runs the tasks, and passes each result to the loop as a task; {@code
 * wakeup()} makes {@code select()} return. If the client disconnects, its task is interrupted or
 * removed from the pool's queue.
 *
 * <p>{@link ProgramLoop} waits for sockets; a worker waits for a file, or computes.
 */
final class SelectorOffload {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-offload");

  private final ProgramConfig config;
  private final ThreadPoolExecutor pool;

  // tag::work[]
  private SelectorOffload(ProgramConfig config) {
    this.config = config;
    pool =
        new ThreadPoolExecutor(
            config.workers(),
            config.workers(),
            0,
            MILLISECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            Thread.ofPlatform()
                .daemon()
                .name(SelectorServer.NAME + "-offload-worker-", 1)
                .factory());
  }

  // end::work[]

  static Server start(ProgramConfig config) throws IOException {
    SelectorOffload offload = new SelectorOffload(config);
    try {
      offload.startWorkers();
      return new ProgramLoop(
          config, "offload", (it, loop) -> offload.new Client(it, loop), offload.pool::shutdownNow);
    } catch (Throwable e) {
      offload.pool.shutdownNow();
      throw e;
    }
  }

  /** Starts all threads now: if a thread could not be started later, its task would be lost. */
  private void startWorkers() throws IOException {
    try {
      pool.prestartAllCoreThreads();
    } catch (OutOfMemoryError e) {
      throw Network.noThread("a worker", e);
    }
  }

  private final class Client extends LineConversation {

    private final ProgramLoop loop;
    private Optional<FutureTask<String>> pending = Optional.empty();

    Client(SocketChannel peer, ProgramLoop loop) throws IOException {
      super(peer, loop);
      this.loop = loop;
    }

    @Override
    String malformed() {
      return OffloadRequest.MALFORMED;
    }

    // tag::work[]
    @Override
    boolean start(String line) {
      Optional<OffloadRequest> work = OffloadRequest.parse(line, config.folder());
      if (work.isPresent()) {
        switch (work.get()) {
          case OffloadRequest.Ping _ -> answerNow(OffloadRequest.PONG);
          case OffloadRequest.Task slow -> submit(slow);
        }
      }
      return work.isPresent();
    }

    private void submit(OffloadRequest.Task work) {
      FutureTask<String> task =
          new FutureTask<>(work::answer) {
            @Override
            protected void done() {
              loop.execute(() -> finish(this)); // Called by a thread of the pool.
            }
          };
      try {
        pool.execute(task);
        pending = Optional.of(task);
      } catch (RejectedExecutionException _) {
        answerNow(OffloadRequest.BUSY);
      }
    }

    private void finish(FutureTask<String> task) {
      switch (task.state()) {
        case SUCCESS -> answer(task.resultNow());
        case FAILED -> {
          LOG.log(WARNING, "A request failed.", task.exceptionNow());
          abort();
        }
        case CANCELLED, RUNNING -> {} // The client has disconnected.
      }
    }

    @Override
    void cancel() {
      pending.ifPresent(it -> it.cancel(true)); // Interrupts the task if it is running;
      pending.ifPresent(pool::remove); // otherwise removes it from the queue.
    }
    // end::work[]
  }
}
