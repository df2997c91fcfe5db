package iomodels.reactor;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.FutureMono;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;

/**
 * The forwarder as two streams: what one of the two says is what the other is sent, and then its
 * end is passed on; {@code Mono.when} waits for both, and if one fails, cancels the other. Nothing
 * is said of back-pressure: the next message is asked for when the one before is sent.
 */
final class ReactorNettyRelay implements Server {

  private final ProgramConfig config;
  private final Loops loops;
  private final TcpClient upstreams;
  private final Acceptor acceptor;
  private final DisposableServer server;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /** Fails when the grace period is over. */
  private final Sinks.Empty<Void> cut = Sinks.empty();

  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ReactorNettyRelay(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.loops = Loops.of(transport);
    this.acceptor = new Acceptor(connections::add);
    upstreams =
        TcpClient.newConnection()
            .remoteAddress(config.upstreams()::getFirst)
            .runOn(loops)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(config.deadline().toMillis()))
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.SO_LINGER, 0); // RST, if it is given up before the relay begins
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

  // tag::accept[]
  private void accept(Connection client) {
    EndOfInput end = new EndOfInput();
    client.addHandlerLast(end);
    // Or what is still connecting would outlive its client, and the stop.
    connect(Mono.firstWithSignal(client.onDispose(), cut.asMono()))
        .flatMap(upstream -> relay(client, upstream))
        .doOnError(_ -> reset(client))
        .subscribe(_ -> {}, _ -> {});
  }

  /** Until then. One that connects at just that moment is passed on to no one, and is reset. */
  private Mono<Connection> connect(Mono<Void> end) {
    AtomicBoolean passedOn = new AtomicBoolean();
    return upstreams
        .doOnConnected(upstream -> resetAt(end, passedOn, upstream))
        .connect()
        .<Connection>map(it -> it)
        .takeUntilOther(end)
        .doOnNext(_ -> passedOn.set(true));
  }

  private static void resetAt(Mono<Void> end, AtomicBoolean unless, Connection upstream) {
    end.doOnTerminate(
            () -> {
              if (!unless.get()) {
                reset(upstream);
              }
            })
        .subscribe(_ -> {}, _ -> {});
  }

  // end::accept[]

  // tag::relay[]
  private Mono<Void> relay(Connection client, Connection upstream) {
    upstream.channel().config().setOption(ChannelOption.SO_LINGER, -1);
    upstream.addHandlerLast(new EndOfInput());
    Mono<Void> both = Mono.when(carry(client, upstream), carry(upstream, client));
    return Mono.firstWithSignal(
            both, closed(client, upstream), closed(upstream, client), cut.asMono())
        .doOnError(_ -> reset(upstream))
        .doOnSuccess(
            _ -> {
              client.dispose();
              upstream.dispose();
            });
  }

  private static Mono<Void> carry(Connection from, Connection to) {
    return from.inbound()
        .receiveObject()
        .takeUntil(EndOfInput.MARK::equals)
        .map(ReferenceCountUtil::retain)
        .concatMap(message -> pass(message, to), 0)
        .doOnDiscard(ByteBuf.class, ReferenceCountUtil::release)
        .then()
        .doOnError(_ -> reset(to));
  }

  /** Only the mark is a FIN: a stream that ends without it was cut off. */
  private static Mono<Void> pass(Object message, Connection to) {
    return message.equals(EndOfInput.MARK)
        ? shutdownOutput(to)
        : to.outbound().sendObject(message).then();
  }

  private static Mono<Void> shutdownOutput(Connection connection) {
    return FutureMono.from(((DuplexChannel) connection.channel()).shutdownOutput());
  }

  // end::relay[]

  // tag::close[]
  /**
   * Never completes, and fails when the connection is closed: if that comes first, it was reset,
   * and so the other one is. At once: to cancel what is read from the other would close it by FIN.
   */
  private static Mono<Void> closed(Connection connection, Connection other) {
    return connection
        .onDispose()
        .then(Mono.<Void>error(() -> new IOException("it was reset")))
        .doOnError(_ -> reset(other));
  }

  /** Not FIN but RST: what was carried is not the whole. */
  private static void reset(Connection connection) {
    Channel channel = connection.channel();
    if (channel.eventLoop().inEventLoop()) {
      resetNow(channel);
    } else {
      channel.eventLoop().execute(() -> resetNow(channel));
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private static void resetNow(Channel channel) {
    if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      channel.close();
    }
  }

  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      connections.newCloseFuture().awaitUninterruptibly(left.toMillis());
      cut.tryEmitError(new IOException("the relay has stopped"));
      connections.newCloseFuture().awaitUninterruptibly(Loops.LIMIT.toMillis());
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
