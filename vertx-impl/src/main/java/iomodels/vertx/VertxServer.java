package iomodels.vertx;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramPacket;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.netty.StartFailures;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Vert.x: what to do next is a handler, and what will have been done is a future.
 *
 * <p>Nothing on this page waits. The event loop does, one thread for each core, in Netty's {@code
 * epoll_wait} or whatever its transport has; it reads, and calls a handler with the bytes. That is
 * why there is no region {@code wait}. A connection stays with one loop, so what it remembers needs
 * no lock. The price: a handler must never block, and one conversation is told in several of them,
 * where a blocking server tells it from top to bottom.
 *
 * <p>In Python this is Tornado, or asyncio: the event loop is the {@code IOLoop}, a conversation a
 * {@code Protocol}, its handler {@code data_received}, {@code pause} is {@code pause_reading}, what
 * comes when a write is done {@code resume_writing}; a Future is a {@code Future}, {@code
 * onSuccess} its {@code add_done_callback}, {@code runOnContext} is {@code call_soon}, and {@code
 * setTimer} {@code call_later}.
 */
final class VertxServer implements Server {

  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  /** A client that says nothing for that long while the server is closing is idle. */
  private static final long QUIET_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  VertxServer(ServerConfig config, Service service, Transport transport) throws IOException {
    this.config = config;
    this.service = service;
    this.transport = transport;
    netty = NettyTransport.of(transport);
    int cores = Runtime.getRuntime().availableProcessors();
    vertx = netty.vertx(cores);
    try {
      CompletableFuture<Integer> port = new CompletableFuture<>();
      vertx
          .deployVerticle(() -> new Listener(port), new DeploymentOptions().setInstances(cores))
          .await();
      address = new InetSocketAddress(config.address().getAddress(), port.join());
      if (config.datagrams() && service.datagrams().isPresent()) {
        answerDatagrams(service.datagrams().get()).await();
      }
    } catch (Exception | OutOfMemoryError failure) {
      NettyTransport.abandon(vertx);
      throw StartFailures.of(failure);
    }
  }

  // tag::accept[]
  /**
   * One for each event loop. A thread of Vert.x's own accepts for all that share a port, and deals
   * the connections out in turn.
   */
  private final class Listener extends VerticleBase {

    private final CompletableFuture<Integer> port;

    @SuppressWarnings("NullAway.Init") // start() comes first
    private NetServer server;

    Listener(CompletableFuture<Integer> port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      int wanted = config.address().getPort();
      return server
          .connectHandler(socket -> accept((NetSocketInternal) socket))
          // Any negative port is one that the system chooses, and that the instances share.
          .listen(wanted == 0 ? -1 : wanted, config.address().getAddress().getHostAddress())
          .onSuccess(it -> port.complete(it.actualPort()));
    }

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** Vert.x has no option for half-closed connections: that is asked of the channel below. */
  private void accept(NetSocketInternal socket) {
    ChannelHandlerContext context = socket.channelHandlerContext();
    context
        .channel()
        .config()
        .setAllocator(PooledByteBufAllocator.DEFAULT)
        .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(BUFFER_SIZE))
        .setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    context.pipeline().addBefore(context.name(), "end-of-input", new EndOfInput());
    Conversation conversation = new Conversation(socket);
    socket
        .handler(conversation::received)
        .shutdownHandler(_ -> conversation.leave())
        // A reset is an end like any other, and Vert.x closes the socket.
        .exceptionHandler(_ -> {});
  }

  // end::accept[]

  /** What is remembered of a connection between two events; always on its event loop. */
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private final class Conversation {

    private final NetSocketInternal socket;
    private final ChannelHandlerContext context;
    private final Session session = service.open();
    private final Promise<Void> endOfInput = Promise.promise();
    private ByteBuffer in = ByteBuffer.allocate(0);
    private Progress progress = Progress.UNDERFLOW;
    private boolean heard;

    Conversation(NetSocketInternal socket) {
      this.socket = socket;
      this.context = socket.channelHandlerContext();
    }

    // tag::converse[]
    void received(Buffer chunk) {
      heard = true;
      in = ((BufferInternal) chunk).getByteBuf().nioBuffer();
      if (chunk.length() == 0) {
        endOfInput.complete();
      }
      converse();
    }

    /** One reply at a time is on its way; meanwhile nothing is read, and others have their turn. */
    private void converse() {
      Future<Void> sent = advance();
      if (progress == Progress.OVERFLOW) {
        socket.pause();
        sent.onSuccess(_ -> vertx.runOnContext(_ -> converse()));
      } else if (progress == Progress.FINISHED) {
        close(sent);
      } else if (context.channel().isWritable()) {
        socket.resume();
      } else {
        socket.pause();
        sent.onSuccess(_ -> socket.resume());
      }
    }

    /** Says into memory of the heap: a pooled buffer, refused by a closed socket, would be lost. */
    private Future<Void> advance() {
      int room = progress == Progress.OVERFLOW ? BUFFER_SIZE : in.remaining();
      ByteBuffer out = ByteBuffer.allocate(Math.clamp(room, SMALLEST_REPLY, BUFFER_SIZE));
      try {
        progress = session.advance(in, out, endOfInput.future().isComplete());
      } catch (RuntimeException bug) {
        context.close();
        throw bug; // to Vert.x, which logs it
      }
      return socket.write(BufferInternal.buffer(Unpooled.wrappedBuffer(out.flip())));
    }

    // end::converse[]

    // tag::close[]
    /** When all is sent: FIN; discard input until the peer's FIN or the linger limit; close. */
    private void close(Future<Void> sent) {
      socket.handler(chunk -> discard(chunk)).resume();
      sent.onSuccess(
          _ -> {
            if (!endOfInput.future().isComplete()) {
              ((DuplexChannel) context.channel()).shutdownOutput();
              vertx.setTimer(config.linger().toMillis(), _ -> context.close());
            }
            endOfInput.future().onComplete(_ -> context.close());
          });
    }

    private void discard(Buffer chunk) {
      if (chunk.length() == 0) {
        endOfInput.tryComplete();
      }
    }

    /**
     * The server is closing: so does this, as soon as all is said and nothing more comes. To close
     * in the middle of what a client says would send RST, and destroy what it is owed.
     */
    void leave() {
      Future<Void> allSaid = socket.write(Buffer.buffer());
      allSaid.onSuccess(
          _ -> {
            heard = false;
            vertx.setTimer(QUIET_MILLIS, _ -> leaveIfQuiet());
          });
    }

    private void leaveIfQuiet() {
      if (heard || progress == Progress.OVERFLOW) {
        leave();
      } else if (progress == Progress.UNDERFLOW) {
        context.close();
      }
    }
    // end::close[]
  }

  /** A datagram has no conversation: it is answered, and forgotten. */
  private Future<?> answerDatagrams(Responder responder) {
    DatagramSocketOptions options =
        new DatagramSocketOptions()
            // Also what Netty allots for each: half of it is the largest datagram.
            .setReceiveBufferSize(2 * BUFFER_SIZE);
    DatagramSocket socket = vertx.createDatagramSocket(options);
    // One for all, since its handler is never called twice at a time: a new one of 64 KiB, with
    // zeros in it, would cost more than all else that a datagram takes.
    ByteBuffer out = ByteBuffer.allocate(BUFFER_SIZE);
    return socket
        .handler(packet -> answer(packet, socket, responder, out))
        .listen(address.getPort(), address.getAddress().getHostAddress());
  }

  private static void answer(
      DatagramPacket packet, DatagramSocket socket, Responder responder, ByteBuffer out) {
    responder.reply(((BufferInternal) packet.data()).getByteBuf().nioBuffer(), out.clear());
    Buffer reply = BufferInternal.buffer(Unpooled.copiedBuffer(out.flip()));
    socket.send(reply, packet.sender().port(), packet.sender().hostAddress());
  }

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public Optional<Transport> transport() {
    return Optional.of(transport);
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  // tag::close[]
  /** Accepts what has come, shuts the listeners down, and ends the event loops. */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      netty.close(vertx, config.backlog(), config.gracePeriod());
      terminated.complete(null);
    }
    terminated.join();
  }
  // end::close[]
}
