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
 * Virtual threads on Vert.x: event loops do the I/O, and one virtual thread per connection runs the
 * conversation as straight-line code.
 *
 * <p>The server waits in two places. The event loops, one per core, wait in Netty's {@code
 * epoll_wait} or the equivalent of its transport (Stevens, section 6.2, figure 6.3). They read, and
 * put the chunks into the inbox of the connection. The virtual thread of the connection waits for
 * its inbox and, if much output is unsent, for a write to complete. Meanwhile it is unmounted from
 * its carrier thread. Only the inbox is shared, so nothing else needs a lock. Cost: each chunk
 * wakes a thread, and each reply wakes the event loop.
 *
 * <p>The server accepts on the event loop. In a verticle with the threading model {@code
 * VIRTUAL_THREAD}, the connect handler itself is a task of a virtual thread. It may run after the
 * first data, or even the FIN, have arrived, and then they are lost. So this server uses virtual
 * threads of the JDK (JEP 444), and not those of Vert.x.
 *
 * <p>The Python counterpart is asyncio with streams. A virtual thread is a coroutine in a {@code
 * Task}, {@code take} is {@code await reader.read()}, and {@code write} is {@code writer.write()}.
 * Awaiting the Future of a write is {@code await writer.drain()}, and an interrupt is {@code
 * CancelledError}. The event loop below is the same, but no method needs {@code async}.
 */
final class VirtualThreadServer implements Server {

  /**
   * Maximum number of chunks in an inbox. They are requested together, since each request wakes the
   * event loop.
   */
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

  /** A connection, its session and its virtual thread. */
  private final class Conversation implements Runnable {

    /** Received chunks, in order. The queue is lock-free, since an event loop must not wait. */
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
     * Writes a reply, even an empty one: if a reset follows directly after data, Netty's io_uring
     * transport reports it only to a writer.
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
     * Sends FIN, then discards input until the linger limit. The peer's FIN closes the socket,
     * which interrupts this thread.
     */
    private void finish() throws InterruptedException {
      socket.onLoop(() -> socket.handler(null).resume().end()).await();
      Thread.sleep(config.linger());
    }
    // end::close[]
  }

  // tag::close[]
  /**
   * Accepts the connections in the backlog, then stops the listeners, which close their
   * connections, then the event loops. Closing a socket interrupts its thread; this method does not
   * wait for the thread.
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
