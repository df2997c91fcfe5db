package iomodels.vertx.programs;

import static java.lang.System.Logger.Level.WARNING;

import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.core.SingleEmitter;
import io.vertx.core.Vertx;
import iomodels.netty.Workers;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.DuplexSocket;
import iomodels.vertx.RxSocket;
import iomodels.vertx.VertxRuntime;
import java.io.IOException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * Slow work with streams: a task is a {@code Single} that a thread pool completes. Disposal removes
 * the task from the queue of the pool, and {@code observeOn} returns the answer to the event loop.
 * Nothing else is needed, since {@code concatMapSingle} in {@link RxLineConversation} subscribes to
 * one task at a time.
 */
final class RxJavaOffload {

  private static final System.Logger LOG = System.getLogger(RxJavaOffload.class.getName());

  private final ProgramConfig config;
  private final Vertx vertx;
  private final ThreadPoolExecutor pool;

  private RxJavaOffload(ProgramConfig config, Vertx vertx, ThreadPoolExecutor pool) {
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
        vertx -> new RxJavaOffload(config, vertx, pool)::converse,
        pool::shutdownNow);
  }

  private void converse(DuplexSocket client) {
    Scheduler loop = RxSocket.currentLoop(vertx);
    new RxLineConversation(
            new RxSocket(client),
            line -> OffloadRequest.parse(line, config.folder()).map(it -> answer(it, loop)),
            OffloadRequest.MALFORMED)
        .start();
  }

  // end::accept[]

  // tag::work[]
  private Single<String> answer(OffloadRequest request, Scheduler loop) {
    return switch (request) {
      case OffloadRequest.Ping _ -> Single.just(OffloadRequest.PONG);
      case OffloadRequest.Task task ->
          inPool(task)
              .observeOn(loop)
              .onErrorResumeNext(
                  failure ->
                      failure instanceof RejectedExecutionException
                          ? Single.just(OffloadRequest.BUSY)
                          : Single.error(failure));
    };
  }

  private Single<String> inPool(OffloadRequest.Task task) {
    return Single.create(
        emitter -> {
          FutureTask<String> work = work(task, emitter);
          // Interrupts the task if it runs, and removes it if it waits. RxJava also calls this when
          // the task is done; it then has no effect.
          emitter.setCancellable(
              () -> {
                work.cancel(true);
                pool.remove(work);
              });
          pool.execute(work);
        });
  }

  private static FutureTask<String> work(OffloadRequest.Task task, SingleEmitter<String> emitter) {
    return new FutureTask<>(task::answer) {
      @Override
      protected void done() {
        switch (state()) {
          case SUCCESS -> emitter.onSuccess(resultNow());
          case FAILED -> fail(exceptionNow(), emitter);
          case CANCELLED, RUNNING -> {} // The answer is no longer needed.
        }
      }
    };
  }

  private static void fail(Throwable failure, SingleEmitter<String> emitter) {
    emitter.tryOnError(failure);
    if (!(failure instanceof InterruptedException)) { // Otherwise the server has stopped.
      LOG.log(WARNING, "A request failed.", failure);
    }
  }
  // end::work[]
}
