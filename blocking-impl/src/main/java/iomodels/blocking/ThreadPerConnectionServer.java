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
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;

/**
 * One platform thread for each connection. The acceptor blocks in {@code accept}. Each connection's
 * thread blocks in {@code read} until its client sends, and in {@code write} until the client has
 * read enough of the earlier output. The code handles one client only, and a slow client delays no
 * other. Cost: a stack and two buffers for each connection, idle or not, and a thread switch for
 * each message.
 *
 * <p>If datagrams are enabled, they have a thread of their own: a blocking thread waits for one
 * thing at a time.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.1; one thread per client is section 26.4, and 30.10 measures it.
 */
final class ThreadPerConnectionServer implements Server {

  static final String NAME = "blocking-threads";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 16 * 1024;

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;
  private final ConnectionThreads threads =
      new ConnectionThreads(Threads.platform(NAME + "-connection"));
  private final Connections connections;

  ThreadPerConnectionServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog());
    connections = new Connections(listener);
    datagrams =
        DatagramServer.start(config, service, listener, Threads.platform(NAME + "-datagrams"));
    terminated =
        Threads.start(Threads.platform(NAME + "-acceptor"), this::accept, listener, datagrams)
            .thenCombine(datagrams.terminated(), (_, _) -> null);
  }

  // tag::accept[]
  private void accept() {
    try (listener) {
      for (var client = listener.accept(); client != null; client = listener.accept()) {
        start(connections.open(client));
      }
    } finally {
      datagrams.close();
      connections.drain(config.gracePeriod());
    }
  }

  // end::accept[]

  private void start(Connection connection) {
    if (!threads.start(() -> serve(connection))) {
      connection.close();
    }
  }

  private void serve(Connection connection) {
    // An arena frees the buffers at once, not at the next garbage collection.
    try (connection;
        Arena arena = Arena.ofConfined()) {
      ByteBuffer in = arena.allocate(BUFFER_SIZE).asByteBuffer();
      ByteBuffer out = arena.allocate(BUFFER_SIZE).asByteBuffer();
      connection.peer().setOption(StandardSocketOptions.TCP_NODELAY, true);
      converse(connection, in, out);
    } catch (IOException _) {
      // The client has reset the connection, or a timeout has closed it.
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A session failed.", e);
    }
  }

  // tag::converse[]
  private void converse(Connection connection, ByteBuffer in, ByteBuffer out) throws IOException {
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
      discard(peer, in);
    }
  }

  // end::converse[]

  // tag::close[]
  /**
   * Reads until the FIN: closing with unread input would send RST, and the client could lose the
   * last reply. Does not use {@code connection.read}: while the server stops, a client that is
   * silent here may still be receiving.
   */
  private void discard(SocketChannel peer, ByteBuffer in) throws IOException {
    delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
    while (peer.read(in.clear()) >= 0) {
      // The input is discarded.
    }
  }

  @Override
  public void close() {
    listener.stop(); // The acceptor then closes the listener and drains.
    terminated.handle((_, _) -> null).join();
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
