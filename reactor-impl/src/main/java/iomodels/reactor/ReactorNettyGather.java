package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.program.GatherRequest;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.FutureMono;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;

/**
 * Asking several backends with streams: a call is a {@code Mono} that nothing has begun before
 * somebody subscribes, and {@code usingWhen} closes its connection when nobody does any more. So to
 * cancel is written once, there; {@code timeout}, {@code firstWithValue} and {@code
 * firstWithSignal} cancel what they do not want, and a retry is the same value once more.
 */
final class ReactorNettyGather implements Server {

  private static final int READ_AHEAD = 1;

  /** For how long the server still reads when it stops: what had been sent before is answered. */
  private static final Duration LAST_CALL = Duration.ofMillis(100);

  private final ProgramConfig config;
  private final Loops loops;
  private final Acceptor acceptor;
  private final DisposableServer server;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /** Nobody has anything more to say. */
  private final Sinks.Empty<Void> stop = Sinks.empty();

  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ReactorNettyGather(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.loops = Loops.of(transport);
    this.acceptor = new Acceptor(connections::add);
    try {
      server =
          TcpServer.create()
              .bindAddress(config::address)
              .runOn(loops)
              .channelGroup(connections) // for those that come before the acceptor is there
              .option(ChannelOption.SO_BACKLOG, config.backlog())
              .option(ChannelOption.SO_REUSEADDR, true)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .doOnBound(it -> acceptor.install(it.channel()))
              .doOnConnection(this::accept)
              .bindNow();
      config.demandUpstreamElsewhere((InetSocketAddress) server.address());
    } catch (IOException | RuntimeException failure) {
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  /** What a client is told, and whether it is the last. */
  private record Reply(String text, boolean isLast) {}

  // tag::accept[]
  private void accept(Connection client) {
    EndOfInput end = new EndOfInput();
    client.addHandlerLast(end);
    Mono<Void> conversation =
        requests(client)
            .concatMap(reply -> reply, READ_AHEAD)
            .takeUntil(Reply::isLast)
            .concatMap(reply -> client.outbound().sendString(Mono.just(reply.text())).then(), 0)
            .then(Mono.defer(() -> finish(client, end)));
    Mono.firstWithSignal(conversation, closed(client)).subscribe(client.disposeSubscriber());
  }

  // end::accept[]

  // tag::answer[]
  /** A line that is too long is a request like others: those before it are answered first. */
  private Flux<Mono<Reply>> requests(Connection client) {
    Mono<Reply> refusal = Mono.just(new Reply(LineTooLongException.ANSWER, true));
    return lines(chunks(client).takeUntilOther(stop.asMono()))
        .map(line -> reply(client, line))
        .onErrorResume(LineTooLongException.class, _ -> Mono.just(refusal));
  }

  private Mono<Reply> reply(Connection client, String line) {
    Optional<GatherRequest> question = GatherRequest.parse(line);
    return question.isEmpty()
        ? Mono.just(new Reply(GatherRequest.MALFORMED, true))
        : answer(client, question.get()).map(it -> new Reply(it, false));
  }

  private Mono<String> answer(Connection client, GatherRequest question) {
    // Timers of Reactor have threads of their own: what comes after them comes back to ours.
    Scheduler loop = Schedulers.fromExecutorService(client.channel().eventLoop());
    List<Mono<String>> calls =
        config.upstreams().stream().map(it -> call(it, question.text())).toList();
    return switch (question.kind()) {
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
    Mono<? extends Connection> connection =
        TcpClient.newConnection()
            .remoteAddress(() -> backend)
            .runOn(loops)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0) // It is the deadline that ends a call.
            .connect();
    return Mono.usingWhen(
        connection,
        upstream -> exchange(upstream, text),
        upstream -> Mono.fromRunnable(upstream::dispose));
  }

  private Mono<String> exchange(Connection upstream, String text) {
    return upstream
        .outbound()
        .sendString(Mono.just(text + "\n"))
        .then()
        .thenMany(lines(chunks(upstream)))
        .next()
        .filter(GatherRequest::isSuccess)
        .switchIfEmpty(Mono.error(() -> new IOException("no good answer")));
  }

  // end::ask[]

  // tag::read[]
  /** What has come, one piece at a time; complete at the FIN. */
  private static Flux<ByteBuffer> chunks(Connection from) {
    return from.inbound()
        .receiveObject()
        .takeWhile(ByteBuf.class::isInstance) // else it is the FIN: EndOfInput
        .map(bytes -> ByteBuffer.wrap(ByteBufUtil.getBytes((ByteBuf) bytes)));
  }

  /** Each piece may have many lines, or none. */
  private static Flux<String> lines(Flux<ByteBuffer> chunks) {
    LineReader reader = new LineReader();
    return chunks.concatMap(chunk -> lines(reader, chunk), READ_AHEAD);
  }

  private static Flux<String> lines(LineReader reader, ByteBuffer chunk) {
    return Flux.generate(
        sink -> {
          try {
            reader.next(chunk).ifPresentOrElse(sink::next, sink::complete);
          } catch (LineTooLongException e) {
            sink.error(e);
          }
        });
  }

  // end::read[]

  // tag::close[]
  /** Never completes, and fails when the connection is closed: by its peer, if it comes first. */
  private static Mono<Void> closed(Connection connection) {
    return connection.onDispose().then(Mono.error(() -> new IOException("it is gone")));
  }

  /**
   * The FIN; and what comes until the peer's own is read, or else closing would reset. But while
   * the server stops, nobody waits long for that.
   */
  private Mono<Void> finish(Connection connection, EndOfInput end) {
    connection.channel().config().setAutoRead(true); // no one listens any more
    return FutureMono.from(((DuplexChannel) connection.channel()).shutdownOutput())
        .then(Mono.firstWithSignal(end.seen(), stop.asMono().then(Mono.delay(LAST_CALL)).then()));
  }

  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      var _ = loops.group().schedule(stop::tryEmitEmpty, LAST_CALL.toMillis(), MILLISECONDS);
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      connections.newCloseFuture().awaitUninterruptibly(left.toMillis());
      connections.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
      loops.end();
      terminated.complete(null);
    }
    terminated.join();
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return (InetSocketAddress) server.address();
  }

  @Override
  public Optional<Transport> transport() {
    return Optional.of(loops.transport());
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
