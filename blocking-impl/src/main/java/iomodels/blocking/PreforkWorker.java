package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_REUSEPORT;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.blocking.Connections.Connection;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A worker process of {@link PreforkServer}: a platform thread for each connection, as in {@link
 * ThreadPerConnectionServer}. It differs in SO_REUSEPORT, which the constructor sets, and in {@code
 * main}. Worker processes are independent of each other.
 *
 * <p>The acceptor blocks in {@code accept}; each connection's thread blocks in {@code read}, then
 * in {@code write}. The main thread blocks until standard input ends: the parent has closed it to
 * stop the worker, or the parent has died. SIGINT and SIGTERM stop the worker as well, since Ctrl-C
 * goes to all processes of a terminal.
 *
 * <p>The page is longer than that of {@link ThreadPerConnectionServer} by {@code main} and its
 * arguments.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: a child of a pre-forked server is
 * section 30.6, figure 30.12; one thread per client is section 26.4.
 */
final class PreforkWorker {

  /** The line that a worker prints when it listens. */
  static final String LISTENING = "listening";

  /** The prefix of the line that a worker prints when it cannot listen. */
  static final String FAILED = "failed: ";

  private static final String NAME = PreforkServer.NAME + "-worker";

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

  /** The arguments of {@code main}. */
  static List<String> arguments(ServerConfig config, InetSocketAddress address, Service service) {
    return List.of(
        address.getAddress().getHostAddress(),
        String.valueOf(address.getPort()),
        String.valueOf(config.datagrams()),
        String.valueOf(config.backlog()),
        String.valueOf(config.gracePeriod()),
        String.valueOf(config.linger()),
        service.name());
  }

  private static ServerConfig config(String[] arguments) {
    return new ServerConfig(
        new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])),
        Boolean.parseBoolean(arguments[2]),
        Optional.empty(),
        Integer.parseInt(arguments[3]),
        Duration.parse(arguments[4]),
        Duration.parse(arguments[5]));
  }

  /** Serves until standard input ends. */
  public static void main(String[] arguments) {
    try {
      Service service = Services.named(arguments[6]).orElseThrow();
      PreforkWorker worker = new PreforkWorker(config(arguments), service);
      Runtime.getRuntime().addShutdownHook(new Thread(worker::close));
      worker.terminated.exceptionally(PreforkWorker::fail);
      System.out.println(LISTENING);
      while (System.in.read() >= 0) {
        // Input is ignored; only its end matters.
      }
      worker.close(); // Not in a hook, which needs a thread: there may be none left.
      Runtime.getRuntime().halt(0);
    } catch (IOException e) {
      System.out.println(FAILED + e.getMessage());
      System.exit(1);
    }
  }

  private static @Nullable Void fail(Throwable cause) {
    LOG.log(ERROR, "The worker has failed.", cause);
    Runtime.getRuntime().halt(1);
    return null;
  }

  private PreforkWorker(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog(), SO_REUSEPORT);
    connections = new Connections(listener);
    datagrams =
        DatagramServer.start(
            config, service, listener, Threads.platform(NAME + "-datagrams"), SO_REUSEPORT);
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

  private void close() {
    listener.stop(); // The acceptor then closes the listener and drains.
    terminated.handle((_, _) -> null).join();
  }
  // end::close[]

}
