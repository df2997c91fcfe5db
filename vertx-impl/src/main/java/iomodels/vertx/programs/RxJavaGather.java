package iomodels.vertx.programs;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import iomodels.program.GatherRequest;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.DuplexSocket;
import iomodels.vertx.RxSocket;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Asks several backends with streams. A call is a {@code Single} that connects on subscription and
 * closes its socket on disposal. So cancellation is implemented once, in the call: {@code timeout},
 * {@code firstOrError} and {@code mergeWith} dispose of the calls that they no longer need. A retry
 * subscribes to the same {@code Single} again.
 */
final class RxJavaGather {

  private final ProgramConfig config;
  private final Vertx vertx;
  private final NetClient upstreams;

  private RxJavaGather(ProgramConfig config, Vertx vertx) {
    this.config = config;
    this.vertx = vertx;
    // A connection attempt needs no timeout of its own: the deadline ends it.
    upstreams = vertx.createNetClient(new NetClientOptions().setConnectTimeout(Integer.MAX_VALUE));
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramHost(config, vertx -> new RxJavaGather(config, vertx)::converse);
  }

  private void converse(DuplexSocket client) {
    Scheduler loop = RxSocket.currentLoop(vertx);
    new RxLineConversation(
            new RxSocket(client),
            line -> GatherRequest.parse(line).map(request -> answer(request, loop)),
            GatherRequest.MALFORMED)
        .start();
  }

  // end::accept[]

  private Single<String> answer(GatherRequest request, Scheduler loop) {
    Flowable<Single<String>> calls =
        Flowable.fromIterable(config.upstreams()).map(it -> call(it, request.text()));
    return switch (request.kind()) {
      case ALL -> all(calls, loop);
      case FIRST -> first(calls, loop);
    };
  }

  // tag::all[]
  private Single<String> all(Flowable<Single<String>> calls, Scheduler loop) {
    return calls
        .concatMapEager(call -> outcome(call, loop).toFlowable(), Integer.MAX_VALUE, 1)
        .collect(StringBuilder::new, StringBuilder::append)
        .map(StringBuilder::toString);
  }

  private Single<String> outcome(Single<String> answer, Scheduler loop) {
    long limit = config.deadline().toMillis();
    return answer
        .map(it -> "ok " + it + "\n")
        .timeout(limit, MILLISECONDS, loop, Single.just("late\n"))
        .onErrorReturnItem("failed\n");
  }

  // end::all[]

  // tag::first[]
  private Single<String> first(Flowable<Single<String>> calls, Scheduler loop) {
    Single<String> first =
        calls
            .flatMapMaybe(call -> call.toMaybe().onErrorComplete(), false, Integer.MAX_VALUE)
            .firstOrError();
    long pause = config.backOff().toMillis();
    Single<String> again = first.delaySubscription(pause, MILLISECONDS, loop);
    return outcome(first.onErrorResumeNext(_ -> again), loop);
  }

  // end::first[]

  // tag::ask[]
  private Single<String> call(InetSocketAddress backend, String text) {
    return RxSocket.connect(upstreams, backend)
        .flatMap(
            connected ->
                Single.using(
                    () -> connected, upstream -> exchange(upstream, text), RxSocket::close));
  }

  private static Single<String> exchange(RxSocket upstream, String text) {
    return upstream
        .lines()
        .mergeWith(upstream.write(text + "\n"))
        .firstOrError()
        .filter(GatherRequest::isSuccess)
        .toSingle();
  }
  // end::ask[]
}
