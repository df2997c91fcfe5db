package iomodels.reactor;

import static java.lang.System.Logger.Level.WARNING;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.FutureMono;
import reactor.netty.NettyInbound;
import reactor.netty.NettyOutbound;
import reactor.netty.tcp.TcpServer;
import reactor.netty.udp.UdpServer;

/**
 * Reactor Netty: a connection is a stream in and a stream out, and a server is the function between
 * them.
 *
 * <p>Nothing on this page waits. What would be waiting is demand that has not come: the socket asks
 * for replies as fast as the peer takes them, and only when a session has no more to say does the
 * asking reach the peer's side, where it becomes a read. {@link Progress#OVERFLOW} <em>is</em>
 * that: more replies than there is demand. The waiting itself is done by Netty's event loops, one
 * thread for each core. That is why there is no region {@code wait}. The price: the order of events
 * is that of operators, not of lines, and a stack trace tells of operators too.
 *
 * <p>In Python this is Twisted, or asyncio below it: the event loop is the {@code reactor}, what
 * {@code receiveObject()} brings is what {@code Protocol.dataReceived} is called with, and a {@link
 * Mono} is a {@code Deferred}, except that it does nothing until it is subscribed to. A {@link
 * Flux} is a producer, its subscriber a consumer: {@code request(n)} is {@code resumeProducing},
 * and demand that is used up is {@code pauseProducing}; so nobody has to remember to pause.
 */
final class ReactorNettyServer implements Server {

  private static final System.Logger LOG = System.getLogger(ReactorNettyServer.class.getName());

  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  /**
   * While the server is closing, a client is idle if nothing has come from it at so many checks in
   * a row, so far apart. One check is not enough: a loop that is busy may look for input only once
   * between two of them, and a new connection has its turn in the round after that.
   */
  private static final int QUIET_CHECKS = 4;

  private static final Duration CHECK_PERIOD = Duration.ofMillis(25);

  private final ServerConfig config;
  private final Service service;
  private final Loops loops;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Acceptor acceptor;
  private final DisposableServer server;
  private final Optional<Channel> datagrams;
  private final Sinks.Empty<Void> stop = Sinks.empty();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ReactorNettyServer(ServerConfig config, Service service, Transport transport) throws IOException {
    this.config = config;
    this.service = service;
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
              .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
              .childOption(
                  ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(BUFFER_SIZE))
              .doOnBound(it -> acceptor.install(it.channel()))
              .doOnConnection(this::accept)
              .bindNow();
    } catch (RuntimeException failure) {
      loops.end();
      throw BindFailure.of(failure);
    }
    try {
      datagrams =
          (config.datagrams() ? service.datagrams() : Optional.<Responder>empty())
              .map(this::answerDatagrams);
    } catch (RuntimeException failure) {
      server.disposeNow(); // By itself a ring that ends does not close what it listens on.
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  // tag::accept[]
  /** What {@code handle} does, too; but this is told of the connection itself. */
  private void accept(Connection connection) {
    EndOfInput endOfInput = new EndOfInput();
    connection.addHandlerLast(endOfInput);
    new Conversation(connection, endOfInput).converse().subscribe(connection.disposeSubscriber());
  }

  // end::accept[]

  /** What is remembered of a connection; always on its event loop. */
  private final class Conversation {

    private final Connection connection;
    private final Channel channel;
    private final Scheduler loop;
    private final EndOfInput end;
    private final Session session = service.open();
    private ByteBuf chunk = Unpooled.EMPTY_BUFFER;
    private boolean endOfInput;
    private boolean heard;
    private int quietChecks;
    private boolean saying;
    private boolean abandoned;
    private Progress progress = Progress.UNDERFLOW;

    Conversation(Connection connection, EndOfInput end) {
      this.connection = connection;
      this.channel = connection.channel();
      this.loop = Schedulers.fromExecutorService(channel.eventLoop());
      this.end = end;
    }

    // tag::converse[]
    /**
     * One reply at a time is asked for: {@code NettyOutbound.send} would ask for 128, however large
     * they are. The loop is left between two that answer the same message, so that others have
     * their turn.
     */
    Mono<Void> converse() {
      return connection
          .inbound()
          .receiveObject()
          .takeUntilOther(stopped())
          .map(ReferenceCountUtil::retain)
          .concatMapIterable(message -> () -> replies(message), 1)
          .takeUntil(_ -> progress == Progress.FINISHED)
          .concatMap(this::say, 0)
          .doOnDiscard(ByteBuf.class, this::discard)
          .doFinally(_ -> release())
          .then(Mono.defer(this::close));
    }

    /** What the session says to one message: as many replies as it takes, when they are wanted. */
    private Iterator<ByteBuf> replies(Object message) {
      heard = true;
      if (message instanceof ByteBuf bytes) {
        chunk = bytes;
      } else {
        endOfInput = true;
      }
      ByteBuffer in = chunk.nioBuffer();
      progress = Progress.OVERFLOW;
      return new Iterator<>() {

        private int room = Math.clamp(in.remaining(), SMALLEST_REPLY, BUFFER_SIZE);

        @Override
        public boolean hasNext() {
          return progress == Progress.OVERFLOW;
        }

        @Override
        public ByteBuf next() {
          ByteBuf reply = channel.alloc().directBuffer(room);
          ByteBuffer out = reply.nioBuffer(0, reply.capacity());
          room = BUFFER_SIZE;
          try {
            progress = session.advance(in, out, endOfInput);
          } catch (RuntimeException bug) {
            reply.release();
            throw bug; // an error in the stream, which closes the connection
          }
          if (progress != Progress.OVERFLOW) {
            release();
          }
          return reply.writerIndex(out.position());
        }
      };
    }

    private Mono<Void> say(ByteBuf reply) {
      saying = true;
      Mono<Void> said =
          connection.outbound().sendObject(reply).then().doFinally(_ -> saying = false);
      return progress == Progress.OVERFLOW ? said.publishOn(loop) : said;
    }

    @SuppressWarnings("ReferenceEquality") // equal bytes are not meant
    private void discard(ByteBuf bytes) {
      if (bytes != chunk) {
        bytes.release();
      }
    }

    private void release() {
      chunk.release();
      chunk = Unpooled.EMPTY_BUFFER;
    }

    // end::converse[]

    // tag::close[]
    /** When all is sent: FIN; discard input until the peer's FIN or the linger limit; close. */
    private Mono<Void> close() {
      if (endOfInput || abandoned) {
        return Mono.empty();
      }
      channel.config().setAutoRead(true); // no one listens any more: what comes is dropped
      return FutureMono.from(((DuplexChannel) channel).shutdownOutput())
          .then(end.seen())
          .timeout(config.linger(), Mono.empty());
    }

    /**
     * Once the server is closing: as soon as all is said and nothing more comes. To close in the
     * middle of what a client says would send RST, and destroy what it is owed. (Not an interval,
     * which makes up for checks that a busy loop has missed, one right after the other: between two
     * delays the loop looks for input.)
     */
    private Mono<Void> stopped() {
      return stop.asMono()
          .then(Mono.delay(CHECK_PERIOD, loop).repeat(() -> !isQuiet()).then())
          .doOnSuccess(_ -> abandoned = true);
    }

    private boolean isQuiet() {
      boolean busy = heard || saying || progress == Progress.OVERFLOW;
      heard = false;
      quietChecks = busy ? 0 : quietChecks + 1;
      return quietChecks == QUIET_CHECKS;
    }
    // end::close[]
  }

  /** A datagram has no conversation: it is answered, and forgotten. */
  private Channel answerDatagrams(Responder responder) {
    return UdpServer.create()
        .bindAddress(server::address)
        .runOn(loops)
        .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(BUFFER_SIZE))
        .handle((inbound, outbound) -> answer(responder, inbound, outbound))
        .bindNow()
        .channel();
  }

  private static Publisher<Void> answer(
      Responder responder, NettyInbound inbound, NettyOutbound outbound) {
    // One for all, since one is answered at a time: a new one of 64 KiB, with zeros in it, would
    // cost more than all else that a datagram takes.
    ByteBuffer out = ByteBuffer.allocate(BUFFER_SIZE);
    return inbound
        .receiveObject()
        .cast(DatagramPacket.class)
        .concatMap(
            packet ->
                Mono.fromCallable(() -> reply(responder, packet, out.clear()))
                    .doOnError(bug -> LOG.log(WARNING, "A responder failed.", bug))
                    .flatMap(reply -> outbound.sendObject(reply).then())
                    .onErrorResume(_ -> Mono.empty()), // or one failure would end the stream
            0);
  }

  private static DatagramPacket reply(Responder responder, DatagramPacket packet, ByteBuffer out) {
    responder.reply(packet.content().nioBuffer(), out);
    return new DatagramPacket(Unpooled.copiedBuffer(out.flip()), packet.sender());
  }

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

  // tag::close[]
  /**
   * Stops listening, then the conversations; waits for them, and ends the event loops. What is open
   * on a ring must be closed before: one that ends does not give back what it still reads into.
   */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      stop.tryEmitEmpty();
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      connections.newCloseFuture().awaitUninterruptibly(left.toMillis());
      connections.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
      datagrams.ifPresent(it -> it.close().awaitUninterruptibly(Loops.LIMIT.toMillis()));
      loops.end();
      terminated.complete(null);
    }
    terminated.join();
  }
  // end::close[]
}
