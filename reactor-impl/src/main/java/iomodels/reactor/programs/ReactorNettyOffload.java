package iomodels.reactor.programs;

import iomodels.netty.Workers;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import iomodels.reactor.DuplexConnection;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Slow work beside quick answers: a task is a {@code Mono} that a thread pool completes. Cancelling
 * removes the task from the queue of the pool, or interrupts it. ({@code Schedulers.boundedElastic}
 * is such a pool, but it limits the queue of each thread and not their sum.)
 */
final class ReactorNettyOffload {

  private final ProgramConfig config;
  private final Loops loops;
  private final ThreadPoolExecutor pool;

  private ReactorNettyOffload(ProgramConfig config, Loops loops, ThreadPoolExecutor pool) {
    this.config = config;
    this.loops = loops;
    this.pool = pool;
  }

  // tag::accept[]
  static Server start(ProgramConfig config, Transport transport) throws IOException {
    ThreadPoolExecutor pool = Workers.start(config.workers(), config.queue());
    try {
      Loops loops = Loops.of(transport);
      ReactorNettyOffload offload = new ReactorNettyOffload(config, loops, pool);
      return new ProgramHost(config, loops, offload::converse, pool::shutdownNow);
    } catch (Throwable failure) {
      pool.shutdownNow();
      throw failure;
    }
  }

  private Mono<Void> converse(DuplexConnection client, Mono<Void> stop) {
    return new LineConversation(client, stop)
        .answerEach(
            line ->
                OffloadRequest.parse(line, config.folder())
                    // Returns from the worker thread to the event loop of the client.
                    .map(it -> answer(it).publishOn(loops.scheduler(client))),
            OffloadRequest.MALFORMED);
  }

  // end::accept[]

  // tag::work[]
  private Mono<String> answer(OffloadRequest request) {
    return switch (request) {
      case OffloadRequest.Ping _ -> Mono.just(OffloadRequest.PONG);
      case OffloadRequest.Task task ->
          submit(task).onErrorReturn(RejectedExecutionException.class, OffloadRequest.BUSY);
    };
  }

  private Mono<String> submit(OffloadRequest.Task task) {
    return Mono.create(
        sink -> {
          FutureTask<String> future = future(task, sink);
          sink.onCancel(
              () -> {
                future.cancel(true); // Frees its worker,
                pool.remove(future); // or its place in the queue.
              });
          pool.execute(future);
        });
  }

  private static FutureTask<String> future(OffloadRequest.Task task, MonoSink<String> sink) {
    return new FutureTask<>(task::answer) {
      @Override
      protected void done() {
        switch (state()) {
          case SUCCESS -> sink.success(resultNow());
          case FAILED -> sink.error(exceptionNow());
          case CANCELLED, RUNNING -> {} // The answer is no longer needed.
        }
      }
    };
  }
  // end::work[]
}
