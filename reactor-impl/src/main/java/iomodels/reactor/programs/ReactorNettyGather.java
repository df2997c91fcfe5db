package iomodels.reactor.programs;

import io.netty.channel.ChannelOption;
import iomodels.program.GatherRequest;
import iomodels.program.ProgramConfig;
import iomodels.reactor.DuplexConnection;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.tcp.TcpClient;

/**
 * Asks several backends. A call is a {@code Mono} that connects on subscription; {@code usingWhen}
 * closes its connection when the call ends or is cancelled. So cancellation is implemented once, in
 * the call: {@code timeout}, {@code firstWithValue} and {@code firstWithSignal} cancel the calls
 * that they no longer need. A retry subscribes again.
 */
final class ReactorNettyGather {

  private final ProgramConfig config;
  private final Loops loops;
  private final TcpClient backends;

  private ReactorNettyGather(ProgramConfig config, Loops loops) {
    this.config = config;
    this.loops = loops;
    backends =
        TcpClient.newConnection()
            .runOn(loops)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0); // The deadline ends a call.
  }

  // tag::accept[]
  static Server start(ProgramConfig config, Transport transport) throws IOException {
    Loops loops = Loops.of(transport);
    ReactorNettyGather gather = new ReactorNettyGather(config, loops);
    return new ProgramHost(config, loops, gather::converse);
  }

  private Mono<Void> converse(DuplexConnection client, Mono<Void> stop) {
    // Reactor's timers have their own threads; this scheduler returns to the client's loop.
    Scheduler loop = loops.scheduler(client);
    return new LineConversation(client, stop)
        .answerEach(
            line -> GatherRequest.parse(line).map(it -> answer(it, loop)), GatherRequest.MALFORMED);
  }

  // end::accept[]

  // tag::answer[]
  private Mono<String> answer(GatherRequest request, Scheduler loop) {
    List<Mono<String>> calls =
        config.upstreams().stream().map(it -> call(it, request.text())).toList();
    return switch (request.kind()) {
      case ALL -> all(calls, loop);
      case FIRST -> first(calls, loop);
    };
  }

  // end::answer[]

  // tag::all[]
  private Mono<String> all(List<Mono<String>> calls, Scheduler loop) {
    return Flux.fromIterable(calls)
        .flatMapSequential(call -> outcome(call, loop), Math.max(1, calls.size()))
        .collect(Collectors.joining());
  }

  private Mono<String> outcome(Mono<String> answer, Scheduler loop) {
    return answer
        .map(it -> "ok " + it + "\n")
        .timeout(config.deadline(), Mono.just("late\n"), loop)
        .onErrorReturn("failed\n");
  }

  // end::all[]

  // tag::first[]
  private Mono<String> first(List<Mono<String>> calls, Scheduler loop) {
    Mono<String> first = Mono.firstWithValue(calls);
    Duration pause = config.backOff();
    return outcome(first.onErrorResume(_ -> first.delaySubscription(pause, loop)), loop);
  }

  // end::first[]

  // tag::ask[]
  private Mono<String> call(InetSocketAddress backend, String text) {
    return Mono.usingWhen(
        backends.remoteAddress(() -> backend).connect().map(DuplexConnection::new),
        connection -> exchange(connection, text),
        connection -> Mono.fromRunnable(connection::close));
  }

  private static Mono<String> exchange(DuplexConnection backend, String text) {
    return backend
        .outbound()
        .sendString(Mono.just(text + "\n"))
        .then()
        .thenMany(LineConversation.lines(backend.input()))
        .next()
        .filter(GatherRequest::isSuccess)
        .switchIfEmpty(Mono.error(() -> new IOException("no successful answer")));
  }
  // end::ask[]
}
