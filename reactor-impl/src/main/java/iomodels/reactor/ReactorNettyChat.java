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
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.FutureMono;
import reactor.netty.tcp.TcpServer;

/**
 * The room with streams: each member has two, the lines that it says and those that it is told, the
 * latter out of a sink into which the room puts them. How much is in it is counted here, in bytes;
 * a sink counts elements. One event loop has the room and all its members, and so nobody has to
 * lock it.
 */
final class ReactorNettyChat implements Server {

  private static final int READ_AHEAD = 1;

  /** For how long the server still reads when it stops: what had been sent before is answered. */
  private static final Duration LAST_CALL = Duration.ofMillis(100);

  private final ProgramConfig config;
  private final Loops loops;
  private final Room room = new Room();
  private final Acceptor acceptor;
  private final DisposableServer server;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /** Nobody has anything more to say. */
  private final Sinks.Empty<Void> stop = Sinks.empty();

  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ReactorNettyChat(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.loops = Loops.of(transport, 1);
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
    } catch (RuntimeException failure) {
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  // tag::accept[]
  private void accept(Connection client) {
    EndOfInput end = new EndOfInput();
    client.addHandlerLast(end);
    Mono<Void> conversation =
        new Client(client).converse().then(Mono.defer(() -> finish(client, end)));
    Mono.firstWithSignal(conversation, closed(client)).subscribe(client.disposeSubscriber());
  }

  // end::accept[]

  /** In the room, or on its threshold. */
  private final class Client implements Room.Member {

    private final Connection connection;
    private final Sinks.Many<byte[]> outbox =
        Sinks.unsafe().many().unicast().onBackpressureBuffer();
    private int owed;
    private boolean dropped;

    /** Under which it is in the room. */
    private Optional<String> name = Optional.empty();

    Client(Connection connection) {
      this.connection = connection;
    }

    // tag::converse[]
    Mono<Void> converse() {
      Mono<Void> hearing =
          lines(connection)
              .takeUntil(this::isLast)
              .then()
              .onErrorResume(
                  LineTooLongException.class,
                  _ -> Mono.fromRunnable(() -> tell(LineTooLongException.ANSWER)))
              .doFinally(_ -> leaveRoom())
              .then(Mono.fromRunnable(outbox::tryEmitComplete));
      Mono<Void> telling = outbox.asFlux().concatMap(this::send, 0).then();
      return Mono.when(hearing, telling);
    }

    /** Takes a line; whether it is refused, and so the last. */
    private boolean isLast(String line) {
      if (dropped) {
        return true;
      }
      if (name.isPresent()) {
        room.say(name.get(), this, line);
        return false;
      }
      name = Optional.of(line); // Before it is told anything: if that fails, it leaves at once.
      Optional<String> refusal = room.enter(line, this);
      refusal.ifPresent(this::refuse);
      return refusal.isPresent();
    }

    private void refuse(String reason) {
      name = Optional.empty();
      tell(reason);
    }

    private void leaveRoom() {
      Optional<String> left = name;
      name = Optional.empty(); // It may come back here: leaving tells others, which may fail.
      left.ifPresent(it -> room.leave(it, this));
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (owed >= config.outbox()) {
        return false;
      }
      byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
      owed += bytes.length;
      outbox.tryEmitNext(bytes);
      return true;
    }

    private Mono<Void> send(byte[] bytes) {
      return connection
          .outbound()
          .sendByteArray(Mono.just(bytes))
          .then()
          .doOnSuccess(_ -> owed -= bytes.length);
    }

    @Override
    public void drop() {
      name = Optional.empty();
      dropped = true;
      connection.dispose();
    }
    // end::outbox[]
  }

  // tag::read[]
  /** What has come, one piece at a time; complete at the FIN, or when the server is to stop. */
  private Flux<ByteBuffer> chunks(Connection from) {
    return from.inbound()
        .receiveObject()
        .takeWhile(ByteBuf.class::isInstance) // else it is the FIN: EndOfInput
        .map(bytes -> ByteBuffer.wrap(ByteBufUtil.getBytes((ByteBuf) bytes)))
        .takeUntilOther(stop.asMono());
  }

  /** Each piece may have many lines, or none. */
  private Flux<String> lines(Connection from) {
    LineReader reader = new LineReader();
    return chunks(from).concatMap(chunk -> lines(reader, chunk), READ_AHEAD);
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
