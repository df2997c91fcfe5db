package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/**
 * A virtual thread for each connection. The code is that of a thread per connection, but a virtual
 * thread that blocks is unmounted: its stack moves to the heap, and its carrier, one of as many
 * platform threads as there are processors, runs another virtual thread. In JDK 25 on Linux virtual
 * threads of the JDK wait for the sockets by epoll, and one platform thread waits in {@code
 * epoll_wait} for those ({@code MasterPoller}). So code that is written as blocking runs as
 * multiplexing. Cost: for each message a {@code read} that finds nothing, several calls to epoll,
 * and switches of virtual threads, none of which an event loop has.
 *
 * <p>A virtual thread that blocks with a native frame on its stack is pinned: it keeps its carrier.
 * That does not happen here, and {@code synchronized} no longer pins (JEP 491). A virtual thread
 * that never blocks keeps its carrier as well, since there is no preemption. So a conversation with
 * much to send yields once in a millisecond, and the acceptor after each client: while the backlog
 * has connections, {@code accept} does not block, and in a storm of connects and resets thousands
 * of connections would be open before the first one is served.
 *
 * <p>Buffers are the largest part of an idle connection. So they are small, and are replaced by
 * large ones while a client sends or receives much.
 *
 * <p>If datagrams are enabled, they have a virtual thread of their own: a blocking thread waits for
 * one thing at a time.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.1, on top of figure 6.3; one thread per client is section 26.4. Virtual threads are JEP 444.
 */
final class VirtualThreadServer implements Server {

  static final String NAME = "blocking-virtual";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int SMALL = 1024;
  private static final int LARGE = 16 * 1024;
  private static final long TURN = MILLISECONDS.toNanos(1);

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;
  private final Connections connections;

  VirtualThreadServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog());
    connections = new Connections(listener);
    datagrams =
        DatagramServer.start(config, service, listener, Threads.virtual(NAME + "-datagrams"));
    terminated =
        Threads.start(Threads.virtual(NAME + "-acceptor"), this::accept, listener, datagrams)
            .thenCombine(datagrams.terminated(), (_, _) -> null);
  }

  // tag::accept[]
  @SuppressWarnings("ThreadPriorityCheck") // fairness, which nothing relies on to be correct
  private void accept() {
    try (listener) {
      for (var client = listener.accept(); client != null; client = listener.accept()) {
        start(connections.open(client));
        Thread.yield(); // With connections in the backlog, accept never waits.
      }
    } finally {
      datagrams.close();
      connections.drain(config.gracePeriod());
    }
  }

  // end::accept[]

  private void start(Connection connection) {
    try {
      Thread.ofVirtual().name(NAME + "-connection").start(() -> serve(connection));
    } catch (OutOfMemoryError e) { // The system has no thread for another carrier.
      LOG.log(WARNING, "A client was turned away: {0}", e.getMessage());
      connection.close();
    }
  }

  private void serve(Connection connection) {
    try (connection) {
      connection.peer().setOption(StandardSocketOptions.TCP_NODELAY, true);
      converse(connection);
    } catch (IOException _) {
      // The peer is gone, which costs no more than its connection.
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A session failed.", e);
    }
  }

  // tag::converse[]
  private void converse(Connection connection) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(SMALL);
    ByteBuffer out = ByteBuffer.allocate(SMALL);
    SocketChannel peer = connection.peer();
    Session session = service.open();
    boolean endOfInput;
    Progress progress;
    long turn = System.nanoTime();
    do {
      // tag::wait[]
      endOfInput = connection.read(in.clear()) < 0;
      // end::wait[]
      boolean much = in.flip().remaining() >= SMALL;
      do {
        progress = session.advance(in, out.clear(), endOfInput);
        out.flip();
        while (out.hasRemaining()) {
          peer.write(out); // A peer that does not read holds us here: that is back-pressure.
        }
        much |= progress == Progress.OVERFLOW;
        if (much) {
          out = sized(out, true);
          turn = yieldIfDue(turn);
        }
      } while (progress == Progress.OVERFLOW);
      in = sized(in, much);
      out = sized(out, much);
    } while (progress != Progress.FINISHED);
    peer.shutdownOutput();
    if (!endOfInput) {
      discard(peer, in);
    }
  }

  /**
   * Gives the carrier up once in a millisecond: if the peer always sends and reads, no call blocks.
   * {@code Thread.yield} is not enough. It queues a virtual thread on its own carrier, so two that
   * yield to each other starve the virtual threads that are scheduled from elsewhere ({@code
   * VirtualThread.afterYield} in JDK 25).
   */
  private static long yieldIfDue(long turn) {
    if (System.nanoTime() - turn < TURN) {
      return turn;
    }
    LockSupport.parkNanos(1);
    return System.nanoTime();
  }

  private static ByteBuffer sized(ByteBuffer buffer, boolean much) {
    int size = much ? LARGE : SMALL;
    return buffer.capacity() == size ? buffer : ByteBuffer.allocate(size);
  }

  // end::converse[]

  // tag::close[]
  /**
   * Reads on to the FIN: closing with input unread would send RST, and the client could lose the
   * last reply. Not by {@code connection.read}: while the server stops, a client that is silent
   * here may still be receiving.
   */
  private void discard(SocketChannel peer, ByteBuffer in) throws IOException {
    delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
    long turn = System.nanoTime();
    while (peer.read(in.clear()) >= 0) {
      turn = yieldIfDue(turn); // It is not answered any more.
    }
  }

  @Override
  public void close() {
    listener.stop(); // The acceptor closes the listener, and goes on to drain.
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
