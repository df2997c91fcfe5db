package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A virtual thread for each connection: the same straight-line code as with a platform thread, at
 * the price of an object. It waits in {@code read}, then in {@code write}; but there the virtual
 * thread is unmounted, its stack is kept in the heap, and its carrier, one of as many platform
 * threads as there are processors, goes on with another. Below, one thread of the JDK waits in
 * {@code epoll_wait} for all of them ({@code MasterPoller}, in JDK 25 on Linux; those between are
 * virtual threads themselves): what is written as blocking is carried out as multiplexing. The
 * price: for each message a {@code read} that finds nothing, a handful of calls to epoll on the way
 * to that thread and back, and switches of virtual threads, which an event loop does not have.
 *
 * <p>A virtual thread that waits with a native frame on its stack is pinned: it keeps its carrier
 * from everybody else. Nothing here does, and {@code synchronized} no longer pins (JEP 491). What
 * never waits keeps its carrier as well, since nobody takes it away: so a conversation in which
 * there is much to say gives way once in a millisecond.
 *
 * <p>As threads cost little, buffers would be the dearest of an idle connection: so they are small,
 * are exchanged for large ones while a client has much to say, and are the collector's to take
 * back.
 *
 * <p>Datagrams, if wanted, take one more virtual thread: a thread can wait in one place only.
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
  private static final long NOT_WAITING = Long.MIN_VALUE;

  /** While the server stops, a client that says nothing for that long has nothing more to say. */
  private static final long QUIET = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10); // How often it looks whether one is.

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  VirtualThreadServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog());
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
        new Connection(client).start();
        Thread.yield(); // With connections in the backlog, accept never waits.
      }
    } finally {
      datagrams.close();
      drain();
    }
  }

  // end::accept[]

  /** One client, and the thread that serves it. */
  private final class Connection implements Runnable {

    private final SocketChannel peer;

    /** Since when the client is waited for; written by the connection's thread. */
    private volatile long waitingSince = NOT_WAITING;

    Connection(SocketChannel peer) {
      this.peer = peer;
    }

    void start() {
      connections.add(this);
      try {
        Thread.ofVirtual().name(NAME + "-connection").start(this);
      } catch (OutOfMemoryError e) { // No carrier to be had: that costs this connection only.
        LOG.log(WARNING, "A client was turned away: {0}", e.getMessage());
        end();
      }
    }

    @Override
    public void run() {
      try {
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        converse();
      } catch (IOException _) {
        // The peer is gone, which costs no more than its connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
      } finally {
        end();
      }
    }

    // tag::converse[]
    private void converse() throws IOException {
      ByteBuffer in = ByteBuffer.allocate(SMALL);
      ByteBuffer out = ByteBuffer.allocate(SMALL);
      Session session = service.open();
      boolean endOfInput;
      Progress progress;
      long turn = System.nanoTime();
      do {
        endOfInput = await(in.clear()) < 0;
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
        discard(in);
      }
    }

    /**
     * The peer may never let it wait, and then others would get no turn. Not by {@code
     * Thread.yield}, which queues a virtual thread with those of its carrier: two that yield to
     * each other keep out everybody who is woken from elsewhere ({@code VirtualThread.afterYield}
     * of JDK 25).
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

    // tag::wait[]
    private int await(ByteBuffer in) throws IOException {
      waitingSince = System.nanoTime();
      int count = peer.read(in);
      waitingSince = NOT_WAITING;
      return count;
    }

    // end::wait[]
    // end::converse[]

    // tag::close[]
    /**
     * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
     * Not by {@code await}: while the server stops, a client that is silent here may still be
     * receiving.
     */
    private void discard(ByteBuffer in) throws IOException {
      delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
      long turn = System.nanoTime();
      while (peer.read(in.clear()) >= 0) {
        turn = yieldIfDue(turn); // What comes now is not answered, but it has to be read.
      }
    }

    private boolean isQuiet(long now) {
      return waitingSince != NOT_WAITING && now - waitingSince >= QUIET;
    }

    private void end() {
      closeQuietly(peer);
      connections.remove(this);
      listener.descriptorFreed();
    }
  }

  @Override
  public void close() {
    listener.stop(); // The acceptor closes the listener, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Ends a conversation once its client has nothing more to say, or after the grace period. */
  private void drain() {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!connections.isEmpty()) {
      long now = System.nanoTime();
      for (Connection it : connections) {
        if (now - deadline > 0) {
          closeQuietly(it.peer); // Whatever call its thread is in throws.
        } else if (it.isQuiet(now)) {
          closeQuietly(
              it.peer::shutdownInput); // As if by the client: read returns the end of input.
        }
      }
      LockSupport.parkNanos(TICK);
    }
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
