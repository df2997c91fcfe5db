package iomodels.vertx;

import static java.lang.System.Logger.Level.WARNING;

import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.subscribers.DefaultSubscriber;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
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

/**
 * RxJava on Vert.x: the input of a connection is a stream of chunks, its output a stream of
 * replies. Demand propagates through both streams to the socket.
 *
 * <p>No code on this page waits, so there is no region {@code wait}. The event loops wait, one
 * thread per core, in Netty's {@code epoll_wait} or the equivalent of its transport (Stevens,
 * section 6.2, figure 6.3). Every signal of a stream is delivered on the event loop of its
 * connection, so there is no scheduler, no lock, and no switch between threads. {@code start()}
 * composes the conversation. {@code onNext} controls its demand: it requests one more reply when
 * there is room for it. Without a request the session is not called, and at most one chunk is read
 * ahead. Cost: several objects per chunk, signals that pass through each operator, and stack traces
 * that show the operators and not the conversation.
 *
 * <p>The Python counterparts are RxPY, which has no demand, and Twisted, which has it. A {@code
 * Subscription} is an {@code IPullProducer}, {@code request} is {@code resumeProducing}, and the
 * subscriber is an {@code IConsumer}. A {@code Single} is a {@code Deferred}, {@code map} its
 * {@code addCallback}, and {@code onError} its errback. The event loop is the reactor.
 */
final class RxJavaServer implements Server {

  private static final System.Logger LOG = System.getLogger(RxJavaServer.class.getName());
  private static final Buffer END_OF_INPUT = Buffer.buffer();
  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  private final ServerConfig config;
  private final Service service;
  private final VertxRuntime runtime;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private volatile int port;

  RxJavaServer(ServerConfig config, Service service, Transport transport) throws IOException {
    this.config = config;
    this.service = service;
    runtime = new VertxRuntime(transport, () -> {});
    vertx = runtime.vertx();
    DeploymentOptions options = new DeploymentOptions().setInstances(VertxRuntime.EVENT_LOOPS);
    try {
      vertx.deployVerticle(Listener::new, options).await();
      address = new InetSocketAddress(config.address().getAddress(), port);
      DatagramServer.start(vertx, config, service, address).await();
    } catch (Exception | OutOfMemoryError failure) {
      throw runtime.abandon(failure);
    }
  }

  // tag::accept[]
  /**
   * Listener verticle, one per event loop. All of them share a port: one thread of Vert.x accepts,
   * and assigns the connections to them in turn.
   */
  private final class Listener extends VerticleBase {

    @SuppressWarnings("NullAway.Init") // assigned in start()
    private NetServer server;

    @Override
    public Future<?> start() {
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      return server
          .connectHandler(socket -> new Conversation(DuplexSocket.of(socket, BUFFER_SIZE)).start())
          .listen(VertxRuntime.shared(config.address()))
          .onSuccess(it -> port = it.actualPort());
    }

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  // end::accept[]

  /** A connection and its session. Thread: the event loop of the connection. */
  private final class Conversation extends DefaultSubscriber<ByteBuffer> {

    private final DuplexSocket socket;
    private final Session session = service.open();
    private Progress progress = Progress.UNDERFLOW;

    Conversation(DuplexSocket socket) {
      this.socket = socket;
    }

    // tag::converse[]
    /** Maps each chunk, and then the end of input, to replies, until the session has finished. */
    void start() {
      socket.shutdownHandler(_ -> socket.closeWhenIdle(vertx));
      new RxSocket(socket)
          .input()
          .concatWith(Single.just(END_OF_INPUT))
          .concatMapIterable(chunk -> () -> replies(DuplexSocket.bytesOf(chunk)), 1)
          .takeUntil(_ -> progress == Progress.FINISHED)
          .subscribe(this);
    }

    /** Calls the session lazily: for one reply at a time, when it is requested. */
    private Iterator<ByteBuffer> replies(ByteBuffer in) {
      progress = Progress.OVERFLOW; // The session replaces it.
      return new Iterator<>() {
        private int expected = in.remaining();

        @Override
        public boolean hasNext() {
          return progress == Progress.OVERFLOW;
        }

        @Override
        public ByteBuffer next() {
          ByteBuffer out = ByteBuffer.allocate(Math.clamp(expected, SMALLEST_REPLY, BUFFER_SIZE));
          progress = session.advance(in, out, socket.isInputEnded());
          expected = BUFFER_SIZE;
          return out.flip();
        }
      };
    }

    @Override
    protected void onStart() {
      request(1);
    }

    /**
     * Writes a reply and requests the next one. If another reply to the same chunk follows, or the
     * write queue is full, the request waits until this reply is sent and other connections had a
     * turn.
     */
    @Override
    public void onNext(ByteBuffer reply) {
      Future<Void> sent = socket.write(reply);
      if (progress == Progress.UNDERFLOW && !socket.writeQueueFull()) {
        request(1);
      } else if (progress != Progress.FINISHED) {
        sent.onSuccess(_ -> vertx.runOnContext(_ -> request(1)));
      }
    }

    @Override
    public void onError(Throwable failure) {
      socket.close();
      if (!(failure instanceof IOException)) { // Otherwise it was reset.
        LOG.log(WARNING, "A session failed.", failure);
      }
    }

    // end::converse[]

    // tag::close[]
    /**
     * Sends FIN, then discards input until the peer's FIN or the linger limit closes the socket.
     */
    @Override
    public void onComplete() {
      socket.handler(null).resume(); // Closing a socket with unread input sends RST.
      Future<Void> finSent = socket.end();
      if (!socket.isInputEnded()) {
        finSent.onSuccess(_ -> socket.closeAfter(vertx, config.linger()));
      }
    }
    // end::close[]
  }

  // tag::close[]
  /**
   * Accepts the connections in the backlog, then stops the listeners, which close their
   * connections, then the event loops.
   */
  @Override
  public void close() {
    runtime.close(config.backlog(), config.gracePeriod());
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public Optional<Transport> transport() {
    return runtime.transport();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return runtime.terminated();
  }
}
