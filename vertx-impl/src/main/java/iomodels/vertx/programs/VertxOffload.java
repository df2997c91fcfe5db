package iomodels.vertx.programs;

import static java.lang.System.Logger.Level.WARNING;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import iomodels.netty.Workers;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.DuplexSocket;
import iomodels.vertx.VertxRuntime;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * Slow work with handlers: a thread pool computes the answer, and {@code runOnContext} returns it
 * to the event loop of the client. ({@code executeBlocking} does both, but its queue is unbounded
 * and its tasks cannot be cancelled. So the pool is one of the JDK.)
 */
final class VertxOffload {

  private static final System.Logger LOG = System.getLogger(VertxOffload.class.getName());

  private final ProgramConfig config;
  private final Vertx vertx;
  private final ThreadPoolExecutor pool;

  private VertxOffload(ProgramConfig config, Vertx vertx, ThreadPoolExecutor pool) {
    this.config = config;
    this.vertx = vertx;
    this.pool = pool;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    ThreadPoolExecutor pool = Workers.start(config.workers(), config.queue());
    return new ProgramHost(
        config,
        VertxRuntime.EVENT_LOOPS,
        vertx -> new VertxOffload(config, vertx, pool)::converse,
        pool::shutdownNow);
  }

  private void converse(DuplexSocket client) {
    new LineConversation(client, this::parse, OffloadRequest.MALFORMED).start();
  }

  // end::accept[]

  private Optional<LineConversation.Request> parse(String line) {
    return OffloadRequest.parse(line, config.folder())
        .map(
            request ->
                switch (request) {
                  case OffloadRequest.Ping _ -> new Pong();
                  case OffloadRequest.Task task -> new PendingTask(task);
                });
  }

  private static final class Pong implements LineConversation.Request {

    @Override
    public Future<String> answer() {
      return Future.succeededFuture(OffloadRequest.PONG);
    }

    @Override
    public void cancel() {
      // It is answered already.
    }
  }

  /** A task that runs in the pool or waits in its queue. */
  private final class PendingTask implements LineConversation.Request {

    private final Context loop = vertx.getOrCreateContext();
    private final Promise<String> answer = Promise.promise();
    private final FutureTask<?> work;

    PendingTask(OffloadRequest.Task task) {
      work = new FutureTask<>(() -> run(task), null);
    }

    // tag::work[]
    @Override
    public Future<String> answer() {
      try {
        pool.execute(work);
        return answer.future();
      } catch (RejectedExecutionException _) {
        return Future.succeededFuture(OffloadRequest.BUSY);
      }
    }

    /** Runs on a thread of the pool. */
    private void run(OffloadRequest.Task task) {
      try {
        String text = task.answer();
        loop.runOnContext(_ -> answer.complete(text));
      } catch (InterruptedException _) {
        // The client has disconnected.
      } catch (Throwable bug) { // FutureTask would swallow an Error.
        LOG.log(WARNING, "A request failed.", bug);
        loop.runOnContext(_ -> answer.fail(bug));
      }
    }

    // end::work[]

    // tag::close[]
    @Override
    public void cancel() {
      work.cancel(true); // Interrupts it if it runs.
      pool.remove(work);
    }
    // end::close[]
  }
}
