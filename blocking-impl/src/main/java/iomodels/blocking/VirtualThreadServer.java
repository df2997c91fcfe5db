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
 * One virtual thread for each connection. The code is the same as with a platform thread per
 * connection, but a virtual thread that blocks is unmounted: its stack moves to the heap, and its
 * carrier runs another virtual thread. There are as many carriers, which are platform threads, as
 * processors. In JDK 25 on Linux, virtual threads of the JDK wait for sockets with epoll, and one
 * platform thread ({@code MasterPoller}) waits for these in {@code epoll_wait}. So blocking code
 * runs as multiplexing. Cost, compared with an event loop: for each message a {@code read} without
 * data, several epoll calls, and switches of virtual threads.
 *
 * <p>A virtual thread that blocks with a native frame on its stack is pinned: it keeps its carrier.
 * That does not happen here, and {@code synchronized} no longer pins (JEP 491). A virtual thread
 * that never blocks keeps its carrier as well, since there is no preemption. So a conversation that
 * transfers much data yields once per millisecond, and the acceptor yields after each client: while
 * there are connections in the backlog, {@code accept} does not block. If many clients connect and
 * reset, thousands of connections would be open before the first one is served.
 *
 * <p>Buffers are the largest part of an idle connection. So they are small at first, and are
 * replaced by large ones while a client sends or receives much data.
 *
 * <p>If datagrams are enabled, they have their own virtual thread: a blocking thread waits for one
 * thing at a time.
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
  @SuppressWarnings("ThreadPriorityCheck") // for fairness only; correctness does not depend on it
  private void accept() {
    try (listener) {
      for (var client = listener.accept(); client != null; client = listener.accept()) {
        start(connections.open(client));
        Thread.yield(); // Accept does not block while the backlog is not empty.
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
    } catch (OutOfMemoryError e) { // The system has no thread for another carrier thread.
      LOG.log(WARNING, "A new connection is closed, for lack of threads: {0}", e.getMessage());
      connection.close();
    }
  }

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
          peer.write(out); // Blocks while the client does not read: this is back-pressure.
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
   * Releases the carrier once per millisecond: if the client always sends and reads, no call
   * blocks. {@code Thread.yield} is not enough: it queues a virtual thread on its own carrier, so
   * two threads that yield to each other starve the virtual threads that are scheduled from
   * elsewhere ({@code VirtualThread.afterYield} in JDK 25).
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
   * Reads until the FIN: closing with unread input would send RST, and the client could lose the
   * last reply. Does not use {@code connection.read}: while the server stops, a client that is
   * silent here may still be receiving.
   */
  private void discard(SocketChannel peer, ByteBuffer in) throws IOException {
    delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
    long turn = System.nanoTime();
    while (peer.read(in.clear()) >= 0) {
      turn = yieldIfDue(turn); // The input is discarded.
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
