package iomodels.vertx;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Virtual threads on Vert.x: the framework does the I/O, and a conversation reads from top to
 * bottom.
 *
 * <p>It waits in two places. The event loops wait in Netty's {@code epoll_wait} or whatever its
 * transport has (Stevens, section 6.2, figure 6.3), one for each core; they read, and put the
 * chunks into the inbox of the connection. The virtual thread of the connection waits for its
 * inbox, and, when much is unsent, for a write to be done; meanwhile it is unmounted from its
 * carrier. Only the inbox is shared, so nothing else needs a lock. Cost: each chunk wakes a thread,
 * and each reply wakes the event loop.
 *
 * <p>It accepts on the event loop. In a verticle whose threading model is {@code VIRTUAL_THREAD},
 * the connect handler is itself a task of a virtual thread, which may run after the first data or
 * even FIN have arrived, and these are lost. So the threads here are those of the JDK (JEP 444),
 * and not those of Vert.x.
 *
 * <p>In Python this is asyncio with streams: a virtual thread is a coroutine in a {@code Task},
 * {@code take} is {@code await reader.read()}, {@code write} is {@code writer.write()}, and to
 * await its Future is {@code await writer.drain()}; an interrupt is {@code CancelledError}. Below
 * are the same event loop and protocol, but here a thread needs no {@code async} in front of every
 * method.
 */
final class VirtualThreadServer implements Server {

  /** Chunks that an inbox may hold. They are requested together: a request wakes the event loop. */
  private static final int INBOX = 8;

  private static final ByteBuffer END_OF_INPUT = ByteBuffer.allocate(0);
  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  private final ServerConfig config;
  private final Service service;
  private final VertxRuntime runtime;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private volatile int port;

  VirtualThreadServer(ServerConfig config, Service service, Transport transport)
      throws IOException {
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
   * One for each event loop. All share a port: a thread of Vert.x accepts, and deals the
   * connections out to them in turn.
   */
  private final class Listener extends VerticleBase {

    @SuppressWarnings("NullAway.Init") // start() comes first
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

  /** A connection, its session and its virtual thread. */
  private final class Conversation implements Runnable {

    /** What was received, in order. An event loop must not wait: this queue has no lock. */
    private final LinkedTransferQueue<ByteBuffer> inbox = new LinkedTransferQueue<>();

    private final DuplexSocket socket;
    private final Session session = service.open();
    private Progress progress = Progress.UNDERFLOW;
    private int taken;
    private boolean endOfInput;

    Conversation(DuplexSocket socket) {
      this.socket = socket;
    }

    void start() {
      socket
          .pause()
          .handler(chunk -> inbox.add(DuplexSocket.bytesOf(chunk)))
          .endHandler(_ -> inbox.add(END_OF_INPUT))
          .shutdownHandler(_ -> socket.closeWhenIdle(vertx, inbox::hasWaitingConsumer))
          .fetch(INBOX);
      Thread thread = Thread.startVirtualThread(this);
      socket.whenClosed().onComplete(_ -> thread.interrupt());
    }

    // tag::converse[]
    @Override
    public void run() {
      try {
        converse();
      } catch (InterruptedException | RejectedExecutionException _) {
        // The socket is closed, or the event loop has ended.
      } finally {
        socket.close();
      }
    }

    private void converse() throws InterruptedException {
      while (progress != Progress.FINISHED) {
        ByteBuffer in = take();
        Future<Void> sent = reply(in, in.remaining());
        while (progress == Progress.OVERFLOW) {
          sent.await();
          sent = reply(in, BUFFER_SIZE);
        }
        if (socket.writeQueueFull()) {
          sent.await();
        }
      }
      finish();
    }

    /**
     * Writes a reply, also an empty one: of a reset that comes right behind the last data, Netty's
     * io_uring transport tells only a writer.
     */
    private Future<Void> reply(ByteBuffer in, int expected) {
      ByteBuffer out = ByteBuffer.allocate(Math.clamp(expected, SMALLEST_REPLY, BUFFER_SIZE));
      progress = session.advance(in, out, endOfInput);
      return socket.onLoop(() -> socket.write(out.flip()));
    }

    // end::converse[]

    // tag::wait[]
    private ByteBuffer take() throws InterruptedException {
      ByteBuffer chunk = inbox.take();
      endOfInput = !chunk.hasRemaining();
      if (++taken % INBOX == 0) {
        socket.fetch(INBOX);
      }
      return chunk;
    }

    // end::wait[]

    // tag::close[]
    /**
     * Sends FIN, and discards input until the peer's FIN, which interrupts, or the linger limit.
     */
    private void finish() throws InterruptedException {
      socket.onLoop(() -> socket.handler(null).resume().end()).await();
      Thread.sleep(config.linger());
    }
    // end::close[]
  }

  // tag::close[]
  /**
   * Accepts the backlog, then stops the listeners, which end their connections, then the loops. The
   * end of a socket interrupts its thread; this does not wait for the thread.
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
