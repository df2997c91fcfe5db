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
import java.util.concurrent.TimeUnit;

/**
 * Event loops with handlers and futures: Vert.x calls a handler when an event has occurred, and
 * completes a future when an operation is done.
 *
 * <p>No code on this page waits, so there is no region {@code wait}. The event loops wait, one
 * thread per core, in Netty's {@code epoll_wait} or the equivalent of its transport (Stevens,
 * section 6.2, figure 6.3). A loop reads, and calls a handler with the bytes. A connection stays on
 * one loop, so its state needs no lock. Cost: a handler must never block, and the code of a
 * conversation is spread over several handlers, while a blocking server has it in one method.
 *
 * <p>The Python counterparts are Tornado and asyncio. The event loop is the {@code IOLoop}, a
 * conversation a {@code Protocol}, and its handler {@code data_received}. {@code pause} is {@code
 * pause_reading}, and the completion of a write corresponds to {@code resume_writing}. A Future is
 * a {@code Future}, and {@code onSuccess} its {@code add_done_callback}. {@code runOnContext} is
 * {@code call_soon}, and {@code setTimer} is {@code call_later}.
 */
final class VertxServer implements Server {

  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);
  private static final int BUFFER_SIZE = 64 * 1024;
  private static final int SMALLEST_REPLY = 64;

  private final ServerConfig config;
  private final Service service;
  private final VertxRuntime runtime;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private volatile int port;

  VertxServer(ServerConfig config, Service service, Transport transport) throws IOException {
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
  private final class Conversation {

    private final DuplexSocket socket;
    private final Session session = service.open();

    Conversation(DuplexSocket socket) {
      this.socket = socket;
    }

    void start() {
      socket
          .handler(chunk -> reply(DuplexSocket.bytesOf(chunk), chunk.length()))
          .endHandler(_ -> reply(EMPTY, 0))
          .shutdownHandler(_ -> socket.closeWhenIdle(vertx));
    }

    // tag::converse[]
    /**
     * Sends one reply. If another reply follows, or the write queue is full, input is paused until
     * this one is sent. Other connections get a turn before the next reply.
     */
    private void reply(ByteBuffer in, int expected) {
      ByteBuffer out = ByteBuffer.allocate(Math.clamp(expected, SMALLEST_REPLY, BUFFER_SIZE));
      Progress progress = advance(in, out);
      Future<Void> sent = socket.write(out.flip());
      switch (progress) {
        case OVERFLOW -> {
          socket.pause();
          sent.onSuccess(_ -> vertx.runOnContext(_ -> reply(in, BUFFER_SIZE)));
        }
        case UNDERFLOW -> {
          if (socket.writeQueueFull()) {
            socket.pause();
            sent.onSuccess(_ -> socket.resume());
          } else {
            socket.resume();
          }
        }
        case FINISHED -> finish();
      }
    }

    private Progress advance(ByteBuffer in, ByteBuffer out) {
      try {
        return session.advance(in, out, socket.isInputEnded());
      } catch (RuntimeException bug) {
        socket.close();
        throw bug; // Vert.x logs it.
      }
    }

    // end::converse[]

    // tag::close[]
    /**
     * Sends FIN, then discards input until the peer's FIN or the linger limit closes the socket.
     */
    private void finish() {
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
