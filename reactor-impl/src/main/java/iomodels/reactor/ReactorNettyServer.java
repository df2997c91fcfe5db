package iomodels.reactor;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpServer;

/**
 * Reactor Netty: a connection has an input stream and an output stream, and a server is the
 * function between them.
 *
 * <p>No code on this page waits, so there is no region {@code wait}. Netty's event loops wait, one
 * thread per core. Where another server would wait, this one has no demand. It requests a reply
 * when the previous one is written, and the next message when all replies are written. Without
 * demand at most one message is read ahead. Cost: events follow the order of operators and not of
 * source lines, and stack traces show operators as well. The echo server in Reactor Netty's
 * documentation is shorter: it omits the end of input, the early end of a session, and a stop that
 * loses no reply.
 *
 * <p>The Python counterpart is Twisted, which can run on asyncio. The event loop is the {@code
 * reactor}, and {@code receiveObject()} delivers what Twisted passes to {@code
 * Protocol.dataReceived}. A {@link Mono} is a {@code Deferred}, except that it does nothing before
 * subscription. A {@link Flux} is a producer, and its subscriber a consumer: {@code request(n)} is
 * {@code resumeProducing}, and exhausted demand is {@code pauseProducing}. So a subscriber cannot
 * forget to pause.
 */
final class ReactorNettyServer implements Server {

  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  private final ServerConfig config;
  private final Service service;
  private final Loops loops;
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Set<Conversation> conversations = ConcurrentHashMap.newKeySet();
  private final Acceptor acceptor = new Acceptor(channels::add);
  private final DisposableServer server;
  private final Optional<DatagramServer> datagrams;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ReactorNettyServer(ServerConfig config, Service service, Transport transport) throws IOException {
    this.config = config;
    this.service = service;
    this.loops = Loops.of(transport);
    try {
      server =
          TcpServer.create()
              .bindAddress(config::address)
              .runOn(loops)
              .channelGroup(channels) // For connections before the acceptor is installed.
              .option(ChannelOption.SO_BACKLOG, config.backlog())
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
              .childOption(
                  ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(BUFFER_SIZE))
              .doOnChannelInit(DuplexConnection::install)
              .doOnBound(it -> channels.add(acceptor.install(it.channel())))
              .doOnConnection(this::accept)
              .bindNow();
      datagrams = DatagramServer.bind(config, service, address(), loops);
    } catch (RuntimeException failure) {
      channels.close().awaitUninterruptibly(); // io_uring does not close them when its loop ends.
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  // tag::accept[]
  /** Subscribes to the conversation, as {@code TcpServer.handle} would. */
  private void accept(Connection connection) {
    Conversation conversation = new Conversation(new DuplexConnection(connection));
    conversations.add(conversation);
    connection.onDispose(() -> conversations.remove(conversation));
    conversation.converse().subscribe(connection.disposeSubscriber());
    if (closing.get()) {
      conversation.closeWhenIdle();
    }
  }

  // end::accept[]

  /** The conversation with one client. Thread: the event loop of the connection. */
  private final class Conversation {

    private final DuplexConnection connection;
    private final Session session = service.open();
    private Progress progress = Progress.UNDERFLOW;
    private boolean replying;

    Conversation(DuplexConnection connection) {
      this.connection = connection;
    }

    // tag::converse[]
    /** Answers one message after another, and then the end of input. */
    Mono<Void> converse() {
      return connection
          .input()
          .doOnRequest(_ -> replying = false)
          .concatMap(message -> answer(message, false), 0)
          .thenEmpty(Flux.defer(() -> answer(Unpooled.EMPTY_BUFFER, true)));
    }

    /**
     * Sends the replies of the session to a message, one at a time. {@code NettyOutbound.send}
     * would request 128 replies at once, regardless of their size.
     */
    private Publisher<Void> answer(ByteBuf message, boolean endOfInput) {
      if (progress == Progress.FINISHED) {
        return Mono.empty(); // The input is discarded.
      }
      replying = true;
      message.retain(); // The stream releases it when this method returns.
      ByteBuffer in = message.nioBuffer();
      return Mono.defer(() -> reply(in, endOfInput))
          .repeat(() -> progress == Progress.OVERFLOW)
          .doFinally(_ -> message.release());
    }

    private Mono<Void> reply(ByteBuffer in, boolean endOfInput) {
      int wanted = progress == Progress.OVERFLOW ? BUFFER_SIZE : in.remaining();
      int room = Math.clamp(wanted, SMALLEST_REPLY, BUFFER_SIZE);
      ByteBuf reply = connection.outbound().alloc().directBuffer(room);
      ByteBuffer out = reply.nioBuffer(0, room);
      try {
        progress = session.advance(in, out, endOfInput);
      } catch (RuntimeException bug) {
        reply.release();
        throw bug; // The stream fails, which closes the connection.
      }
      Mono<Void> sent = connection.outbound().sendObject(reply.writerIndex(out.position())).then();
      return switch (progress) {
        case UNDERFLOW -> sent;
        case OVERFLOW -> sent.publishOn(loops.scheduler(connection)); // Others get a turn.
        case FINISHED -> endOfInput ? sent : sent.then(Mono.defer(this::finish));
      };
    }

    // end::converse[]

    // tag::close[]
    /**
     * The session has finished before its client: sends FIN, then discards input until the client's
     * FIN or the linger limit.
     */
    private Mono<Void> finish() {
      Disposable limit = Mono.delay(config.linger()).subscribe(_ -> connection.close());
      connection.connection().onDispose(limit);
      return connection.shutdownOutput();
    }

    /** Closes the connection when the server stops, after all previous requests are answered. */
    void closeWhenIdle() {
      connection.closeWhenIdle(() -> !replying && progress == Progress.UNDERFLOW);
    }
    // end::close[]
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
   * Closes connections as they become idle, and the remaining ones after the grace period. Reactor
   * Netty's {@code disposeNow(gracePeriod)} would close the listener first, so that the kernel
   * resets the connections in the backlog. It would then wait for conversations that do not end by
   * themselves.
   */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      conversations.forEach(Conversation::closeWhenIdle);
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      channels.newCloseFuture().awaitUninterruptibly(left.toMillis());
      channels.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
      datagrams.ifPresent(DatagramServer::close); // Before the loops: io_uring would leave it open.
      loops.end();
      terminated.complete(null);
    }
    terminated.join();
  }
  // end::close[]
}
