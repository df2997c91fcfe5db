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
 * The open connections of a server whose threads block in {@code read}, and how they end when the
 * server stops. Safe for use by several threads.
 *
 * <p>The stop must not interrupt a request or a reply. A connection whose thread has waited in
 * {@code read} for {@value #IDLE_MILLIS} ms has neither, so its input is shut down: {@code read}
 * returns -1, as at the client's FIN, and the conversation ends as it always does. The input cannot
 * be shut down at once, since {@link SocketChannel#shutdownInput} also makes Java ignore the bytes
 * that the kernel has already received.
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
   * No connections yet.
   *
   * @param listener is told of each connection that closes: it may wait for a descriptor
   */
  Connections(Listener listener) {
    this.listener = listener;
  }

  /** Adds a connection; it is removed by {@link Connection#close}. */
  Connection open(SocketChannel peer) {
    Connection connection = new Connection(peer);
    connections.add(connection);
    if (aborting) {
      closeQuietly(peer); // The first call on it throws.
    }
    return connection;
  }

  // tag::close[]
  /** Waits until all conversations have ended; after the grace period, closes the rest. */
  void drain(Duration gracePeriod) {
    drain(gracePeriod, connections::isEmpty);
  }

  /** The same, until the server has ended: clients that wait for a thread are not open here yet. */
  void drain(Duration gracePeriod, BooleanSupplier hasEnded) {
    long deadline = System.nanoTime() + gracePeriod.toNanos();
    while (!hasEnded.getAsBoolean()) {
      long now = System.nanoTime();
      aborting = now - deadline > 0;
      for (Connection it : connections) {
        if (aborting) {
          closeQuietly(it.peer); // Any call that its thread is in throws.
        } else if (it.isIdle(now)) {
          closeQuietly(it.peer::shutdownInput);
        }
      }
      LockSupport.parkNanos(TICK);
    }
  }

  // end::close[]

  /** A connection; one thread converses, another may drain. */
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
    /** Waits for input by {@link SocketChannel#read}; meanwhile the connection may be idle. */
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
