package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The open connections of a server whose threads block in {@code read}. Ends them gracefully when
 * the server stops. Safe for use by several threads.
 *
 * <p>The stop must not interrupt a request or a reply. A connection whose thread has waited in
 * {@code read} for {@value #IDLE_MILLIS} ms has neither, so its input is shut down: {@code read}
 * returns -1, as at the client's FIN, and the conversation ends in the usual way. The input cannot
 * be shut down at once, since after {@link SocketChannel#shutdownInput} Java ignores the bytes that
 * the kernel has already received.
 */
final class Connections {

  static final long IDLE_MILLIS = 50;

  private static final long IDLE = MILLISECONDS.toNanos(IDLE_MILLIS);
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final long NOT_WAITING = Long.MIN_VALUE;

  private final Listener listener;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private volatile boolean aborting;

  /**
   * Creates an empty set of connections.
   *
   * @param listener is notified when a connection closes: it may be waiting for a descriptor
   */
  Connections(Listener listener) {
    this.listener = listener;
  }

  /** Adds a connection. {@link Connection#close} removes it. */
  Connection open(SocketChannel peer) {
    Connection connection = new Connection(peer);
    connections.add(connection);
    if (aborting) {
      closeQuietly(peer); // The first call on it throws.
    }
    return connection;
  }

  // tag::close[]
  /** Waits until all conversations have ended; after the grace period, closes those that remain. */
  void drain(Duration gracePeriod) {
    drain(gracePeriod, connections::isEmpty);
  }

  /** Does the same until the server has ended: clients that wait for a thread are not added yet. */
  void drain(Duration gracePeriod, BooleanSupplier hasEnded) {
    long deadline = System.nanoTime() + gracePeriod.toNanos();
    while (!hasEnded.getAsBoolean()) {
      long now = System.nanoTime();
      aborting = now - deadline > 0;
      for (Connection it : connections) {
        if (aborting) {
          closeQuietly(it.peer); // A pending call of its thread throws.
        } else if (it.isIdle(now)) {
          closeQuietly(it.peer::shutdownInput);
        }
      }
      LockSupport.parkNanos(TICK);
    }
  }

  // end::close[]

  /** A connection: one thread serves it, another one may drain. */
  final class Connection implements Closeable {

    private final SocketChannel peer;
    private volatile long waitingSince = NOT_WAITING;

    private Connection(SocketChannel peer) {
      this.peer = peer;
    }

    SocketChannel peer() {
      return peer;
    }

    // tag::wait[]
    /**
     * Waits for input in {@link SocketChannel#read}; after a while the connection counts as idle.
     */
    int read(ByteBuffer in) throws IOException {
      waitingSince = System.nanoTime();
      try {
        return peer.read(in);
      } finally {
        waitingSince = NOT_WAITING;
      }
    }

    private boolean isIdle(long now) {
      long since = waitingSince;
      return since != NOT_WAITING && now - since >= IDLE;
    }

    // end::wait[]

    @Override
    public void close() {
      closeQuietly(peer);
      connections.remove(this);
      listener.descriptorFreed();
    }
  }
}
