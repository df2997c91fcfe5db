package iomodels.vertx;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DuplexChannel;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.FlowableSubscriber;
import io.reactivex.rxjava3.plugins.RxJavaPlugins;
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
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * RxJava on Vert.x: a connection is a stream of chunks in and a stream of replies out, and demand
 * flows back through both of them, down to the socket.
 *
 * <p>Nothing on this page waits. The event loop does, one thread for each core, in Netty's {@code
 * epoll_wait} or whatever its transport has (Stevens, section 6.2, figure 6.3), and every signal of
 * a stream runs on it: there is no scheduler, and so no lock, and no hop between threads. That is
 * why there is no region {@code wait}. What is to be done stands in one place, {@code replies()},
 * and who is asked for how much in two others: {@code request(n)} is {@code fetch(n)} of the
 * socket, and the writer asks for one more reply when there is room for it. A session that owes
 * more is not asked, and then nothing is read. The price: some objects for each chunk, signals that
 * go through each operator, and stack traces that show the operators and not the conversation.
 *
 * <p>In Python this is RxPY, which has no demand, or Twisted, which has: a {@code Subscription} is
 * an {@code IPullProducer}, {@code request} is {@code resumeProducing}, the writer an {@code
 * IConsumer}; a {@code Single} is a {@code Deferred}, {@code map} its {@code addCallback}, {@code
 * onError} its errback; and the event loop is the reactor.
 */
final class RxJavaServer implements Server {

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

  RxJavaServer(ServerConfig config, Service service, Transport transport) throws IOException {
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
    // A reset is an end like any other, and Vert.x closes the socket.
    socket.exceptionHandler(_ -> {});
    Conversation conversation = new Conversation(socket);
    socket.shutdownHandler(_ -> conversation.leave());
    conversation.replies().subscribe(conversation);
  }

  // end::accept[]

  /** What is remembered of a connection between two signals; always on its event loop. */
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private final class Conversation implements FlowableSubscriber<Buffer> {

    private final NetSocketInternal socket;
    private final ChannelHandlerContext context;
    private final Session session = service.open();
    private final Promise<Void> endOfInput = Promise.promise();
    private Progress progress = Progress.UNDERFLOW;
    private Future<Void> sent = Future.succeededFuture();
    private boolean heard;

    @SuppressWarnings("NullAway.Init") // onSubscribe comes first
    private Subscription subscription;

    Conversation(NetSocketInternal socket) {
      this.socket = socket;
      this.context = socket.channelHandlerContext();
    }

    // tag::converse[]
    /** The conversation: each chunk becomes replies, until one was the last. */
    Flowable<Buffer> replies() {
      return Flowable.<Buffer>fromPublisher(this::chunks)
          .concatMapIterable(chunk -> () -> answers(chunk), 1)
          .takeUntil(_ -> progress == Progress.FINISHED);
    }

    /** What the peer says. Its FIN is an empty chunk: {@link EndOfInput}. */
    private void chunks(Subscriber<? super Buffer> subscriber) {
      socket.pause().handler(subscriber::onNext);
      subscriber.onSubscribe(
          new Subscription() {
            @Override
            public void request(long n) {
              socket.fetch(n);
            }

            @Override
            public void cancel() {
              socket.handler(null);
            }
          });
    }

    /** Lazy: a session says no more than it is asked for. */
    private Iterator<Buffer> answers(Buffer chunk) {
      heard = true;
      ByteBuffer in = ((BufferInternal) chunk).getByteBuf().nioBuffer();
      if (chunk.length() == 0) {
        endOfInput.tryComplete();
      }
      return new Iterator<>() {
        private boolean first = true;

        @Override
        public boolean hasNext() {
          return first || progress == Progress.OVERFLOW;
        }

        @Override
        public Buffer next() {
          int room = first ? in.remaining() : BUFFER_SIZE;
          first = false;
          ByteBuffer out = ByteBuffer.allocate(Math.clamp(room, SMALLEST_REPLY, BUFFER_SIZE));
          progress = session.advance(in, out, endOfInput.future().isComplete());
          return BufferInternal.buffer(Unpooled.wrappedBuffer(out.flip()));
        }
      };
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      this.subscription = subscription;
      socket.closeHandler(_ -> subscription.cancel());
      subscription.request(1);
    }

    /** Asks for one more, or if this one fills the queue, when it is sent and others had a turn. */
    @Override
    public void onNext(Buffer reply) {
      sent = socket.write(reply);
      if (progress == Progress.UNDERFLOW && context.channel().isWritable()) {
        subscription.request(1);
      } else if (progress != Progress.FINISHED) {
        sent.onSuccess(_ -> vertx.runOnContext(_ -> subscription.request(1)));
      }
    }

    @Override
    public void onError(Throwable bug) {
      context.close();
      RxJavaPlugins.onError(bug); // which prints it
    }

    // end::converse[]

    // tag::close[]
    /** When all is sent: FIN; discard input until the peer's FIN or the linger limit; close. */
    @Override
    public void onComplete() {
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
