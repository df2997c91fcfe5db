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
import io.vertx.core.VertxException;
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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads on Vert.x: the framework does the I/O, and a conversation reads from top to
 * bottom.
 *
 * <p>It waits in two places. The event loops wait in Netty's {@code epoll_wait} or whatever its
 * transport has (Stevens, section 6.2, figure 6.3), one for each core; they read, and put what came
 * into the inbox of the connection. The virtual thread of the connection waits there, and, when
 * much is unsent, for a write to be done; meanwhile it has left its carrier. Of its state only the
 * inbox is shared, so nothing else needs a lock. The price: each chunk wakes a thread, and each
 * reply wakes the event loop.
 *
 * <p>It accepts on the event loop. In a verticle whose threading model is {@code VIRTUAL_THREAD},
 * the connect handler is itself a task of a virtual thread, which may come after the first data or
 * even FIN, and these are lost. So the threads here are Java's own, and not Vert.x's.
 *
 * <p>In Python this is asyncio with streams: a virtual thread is a coroutine in a {@code Task},
 * {@code take} is {@code await reader.read()}, {@code write} is {@code writer.write()}, and to
 * await its Future is {@code await writer.drain()}; an interrupt is {@code CancelledError}. Below
 * are the same event loop and protocol, but here a thread needs no {@code async} in front of every
 * method.
 */
final class VirtualThreadServer implements Server {

  /** So many chunks may lie in an inbox; asked for together, for to ask wakes the event loop. */
  private static final int INBOX = 8;

  /** Put into an inbox when the server is closing. */
  private static final Buffer LEAVE = Buffer.buffer();

  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  /** A client that says nothing for that long while the server is closing is idle. */
  private static final long QUIET_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final ExecutorService conversations = Executors.newVirtualThreadPerTaskExecutor();
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  VirtualThreadServer(ServerConfig config, Service service, Transport transport)
      throws IOException {
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
        .pause()
        .handler(conversation.inbox::add)
        .shutdownHandler(_ -> conversation.inbox.add(LEAVE))
        // A reset is an end like any other, and Vert.x closes the socket.
        .exceptionHandler(_ -> {})
        .fetch(INBOX);
    conversations.execute(conversation);
  }

  // end::accept[]

  /** A connection's virtual thread. It is interrupted when the connection is gone. */
  private final class Conversation implements Runnable {

    /**
     * What the peer has said, in order. Its FIN is an empty chunk: {@link EndOfInput}. No more
     * comes than is asked for; and it has no lock, for which an event loop might have to wait.
     */
    final BlockingQueue<Buffer> inbox = new LinkedTransferQueue<>();

    private final NetSocketInternal socket;
    private final ChannelHandlerContext context;
    private final Session session = service.open();
    private Future<Void> sent = Future.succeededFuture();
    private int taken;
    private boolean leaving;
    private boolean endOfInput;

    Conversation(NetSocketInternal socket) {
      this.socket = socket;
      this.context = socket.channelHandlerContext();
    }

    // tag::converse[]
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
    public void run() {
      Thread thread = Thread.currentThread();
      // Also if it is closed by now, of which Vert.x would not tell.
      context.channel().closeFuture().addListener(_ -> thread.interrupt());
      try {
        converse();
      } catch (IOException
          | VertxException
          | RejectedExecutionException
          | InterruptedException gone) {
        // An end like any other.
      } finally {
        context.close();
      }
    }

    private void converse() throws IOException, InterruptedException {
      Progress progress = Progress.UNDERFLOW;
      while (progress != Progress.FINISHED) {
        Buffer chunk = take();
        if (chunk == null) {
          return;
        }
        ByteBuffer in = ((BufferInternal) chunk).getByteBuf().nioBuffer();
        progress = say(in, in.remaining());
        while (progress == Progress.OVERFLOW) {
          await(sent);
          progress = say(in, BUFFER_SIZE);
        }
        if (socket.writeQueueFull()) {
          await(sent);
        }
      }
      finish();
    }

    /**
     * Says into memory of the heap: a pooled buffer, refused by a closed socket, would be lost.
     * Also if there is nothing to say: of a reset that comes right behind the last data, Netty's
     * io_uring transport tells only whoever writes.
     */
    private Progress say(ByteBuffer in, int room) {
      ByteBuffer out = ByteBuffer.allocate(Math.clamp(room, SMALLEST_REPLY, BUFFER_SIZE));
      Progress progress = session.advance(in, out, endOfInput);
      sent = write(BufferInternal.buffer(Unpooled.wrappedBuffer(out.flip())));
      return progress;
    }

    /**
     * Writes on the event loop. Vert.x lets any thread write, but if the loop closes the socket in
     * that instant, the write is lost and the socket stays open ({@code
     * OutboundMessageQueue.releaseMessages}, 5.1.6).
     */
    private Future<Void> write(Buffer reply) {
      Promise<Void> written = Promise.promise();
      context.executor().execute(() -> socket.write(reply).onComplete(written));
      return written.future();
    }

    /** It throws what the future failed with, declared or not. */
    @SuppressWarnings("RedundantThrows")
    private static void await(Future<Void> future) throws IOException, InterruptedException {
      future.await();
    }

    // end::converse[]

    // tag::wait[]
    /** The next chunk, or null if the server is closing, all is said, and nothing more comes. */
    private @Nullable Buffer take() throws IOException, InterruptedException {
      Buffer chunk = leaving ? null : inbox.take();
      if (isLeave(chunk)) {
        leaving = true;
        chunk = null;
      }
      if (chunk == null) {
        await(sent);
        chunk = inbox.poll(QUIET_MILLIS, TimeUnit.MILLISECONDS);
        if (chunk == null) {
          // The loop may not have had a turn for so long; after this it has, and reads first.
          context.executor().submit(() -> {}).await();
          chunk = inbox.poll();
        }
      }
      return taken(chunk);
    }

    /** Asks for as many again when all that were asked for are taken. */
    private @Nullable Buffer taken(@Nullable Buffer chunk) {
      if (chunk != null && !isLeave(chunk)) {
        endOfInput |= chunk.length() == 0;
        taken++;
        if (taken == INBOX) {
          taken = 0;
          context.executor().execute(() -> socket.fetch(INBOX));
        }
      }
      return chunk;
    }

    @SuppressWarnings("ReferenceEquality") // FIN is empty as well
    private static boolean isLeave(@Nullable Buffer chunk) {
      return chunk == LEAVE;
    }

    // end::wait[]

    // tag::close[]
    /**
     * FIN; discard input until the peer's FIN or the linger limit. To close is up to the caller.
     */
    private void finish() throws IOException, InterruptedException {
      await(sent);
      if (!endOfInput) {
        var _ = ((DuplexChannel) context.channel()).shutdownOutput();
      }
      long limit = System.nanoTime() + config.linger().toNanos();
      while (!endOfInput) {
        if (taken(inbox.poll(limit - System.nanoTime(), TimeUnit.NANOSECONDS)) == null) {
          return;
        }
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
  /** Accepts what has come, shuts the listeners down, and ends event loops, then threads. */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      netty.close(vertx, config.backlog(), config.gracePeriod());
      conversations.shutdownNow();
      conversations.close();
      terminated.complete(null);
    }
    terminated.join();
  }
  // end::close[]
}
