package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.blocking.Connections.Connection;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One thread serves one client at a time. The thread blocks in {@code accept} until there is a
 * client, in {@code read} until that client sends, and in {@code write} until the client has read
 * enough of the earlier output. The state of the conversation is the position in the code. Cost:
 * while one client is connected, all others wait in the kernel's accept backlog.
 *
 * <p>If datagrams are enabled, they have a second thread: a blocking thread waits for one thing at
 * a time.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.1; the iterative server is section 30.4.
 */
final class SequentialServer implements Server {

  static final String NAME = "blocking-sequential";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 64 * 1024;

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);

  private final Connections connections;

  private final AtomicBoolean stopping = new AtomicBoolean();

  /** The clients in the backlog when the server stops; served in turn, within the grace period. */
  private final CompletableFuture<List<SocketChannel>> waiting = new CompletableFuture<>();

  SequentialServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog());
    connections = new Connections(listener);
    datagrams =
        DatagramServer.start(config, service, listener, Threads.platform(NAME + "-datagrams"));
    terminated =
        Threads.start(Threads.platform(NAME + "-clients"), this::accept, listener, datagrams)
            .thenCombine(datagrams.terminated(), (_, _) -> null);
  }

  // tag::accept[]
  private void accept() {
    try (listener) {
      for (var peer = listener.accept(); peer != null; peer = listener.accept()) {
        serve(connections.open(peer));
      }
      if (listener.isStopping()) {
        waiting.join().forEach(it -> serve(connections.open(it)));
      }
    } finally {
      datagrams.close();
    }
  }

  // end::accept[]

  private void serve(Connection connection) {
    try (connection) {
      connection.peer().setOption(StandardSocketOptions.TCP_NODELAY, true);
      converse(connection);
    } catch (IOException _) {
      // The client has reset the connection, or a timeout has closed it.
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A session failed.", e);
    }
  }

  // tag::converse[]
  private void converse(Connection connection) throws IOException {
    SocketChannel peer = connection.peer();
    Session session = service.open();
    boolean endOfInput;
    Progress progress;
    do {
      // tag::wait[]
      endOfInput = connection.read(in.clear()) < 0;
      // end::wait[]
      in.flip();
      do {
        progress = session.advance(in, out.clear(), endOfInput);
        out.flip();
        while (out.hasRemaining()) {
          peer.write(out); // Blocks while the client does not read: this is back-pressure.
        }
      } while (progress == Progress.OVERFLOW);
    } while (progress != Progress.FINISHED);
    peer.shutdownOutput();
    if (!endOfInput) {
      discard(peer);
    }
  }

  // end::converse[]

  // tag::close[]
  /**
   * Reads until the FIN: closing with unread input would send RST, and the client could lose the
   * last reply. Does not use {@code connection.read}: while the server stops, a client that is
   * silent here may still be receiving.
   */
  private void discard(SocketChannel peer) throws IOException {
    delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
    while (peer.read(in.clear()) >= 0) {
      // The input is discarded.
    }
  }

  /** Serves the clients in the backlog as well: closing the listener would reset them. */
  @Override
  public void close() {
    listener.stop();
    if (stopping.compareAndSet(false, true)) {
      waiting.complete(listener.acceptAll());
    }
    connections.drain(config.gracePeriod(), terminated::isDone);
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return listener.address();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
