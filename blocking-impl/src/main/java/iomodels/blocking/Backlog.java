package iomodels.blocking;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * What an acceptor waits for besides clients: the stop, and, when descriptors have run out, a free
 * one.
 *
 * <p>Closing a listener resets the connections in its backlog, which the kernel has completed, and
 * whose clients may have sent their requests. So the stop does not close it. It wakes the acceptor
 * by a connection of its own, as Tomcat's {@code AbstractEndpoint.unlockAccept} does; the acceptor
 * makes the listener non-blocking, accepts until nobody is left, and only then closes it.
 */
final class Backlog {

  private static final long PAUSE = MILLISECONDS.toNanos(100);
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final int WAKE_UP_MILLIS = 100;

  /** One is enough, unless other processes share the port: the kernel may give it to them. */
  private static final int MAX_WAKE_UPS = 100;

  private final ServerSocketChannel listener;
  private final Set<Integer> wakeUpPorts = ConcurrentHashMap.newKeySet();
  private final Semaphore freed = new Semaphore(0);
  private volatile boolean stopping;

  Backlog(ServerSocketChannel listener) {
    this.listener = listener;
  }

  /** Whether to accept without waiting, and to end when the backlog is empty. */
  boolean isStopping() {
    return stopping;
  }

  /**
   * The acceptor is out of descriptors: waits until a connection has closed, or for a while. If
   * none has closed while the server stops, the listener is closed, and the kernel resets the
   * connections that are still in its backlog.
   */
  void awaitDescriptor() {
    boolean isFree = false;
    try {
      isFree = freed.tryAcquire(PAUSE, NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // The next accept throws.
    }
    if (stopping && !isFree) {
      closeQuietly();
    }
  }

  /** A connection has closed. */
  void descriptorFreed() {
    if (freed.availablePermits() == 0) {
      freed.release();
    }
  }

  /** Asks the acceptor to end, and returns once it does not wait any more. */
  void stop() {
    stop(() -> false);
  }

  /** The same, where the acceptor does something else as well. */
  void stop(BooleanSupplier isBusy) {
    stopping = true;
    descriptorFreed();
    for (int i = 0; i < MAX_WAKE_UPS && isWaiting(isBusy); i++) {
      try (SocketChannel wakeUp = SocketChannel.open()) {
        wakeUp.bind(null);
        wakeUpPorts.add(((InetSocketAddress) wakeUp.getLocalAddress()).getPort());
        wakeUp.socket().connect(ownAddress(), WAKE_UP_MILLIS);
      } catch (SocketTimeoutException _) {
        // The backlog is full: the acceptor does not wait.
      } catch (IOException _) {
        break;
      }
      LockSupport.parkNanos(TICK);
    }
    if (isWaiting(isBusy)) {
      closeQuietly(); // There is no other way to wake it.
    }
  }

  /** Whether this connection is the one that wakes the acceptor. */
  boolean isWakeUp(SocketChannel accepted) throws IOException {
    InetSocketAddress remote = (InetSocketAddress) accepted.getRemoteAddress();
    InetSocketAddress local = (InetSocketAddress) accepted.getLocalAddress();
    return remote.getAddress().equals(local.getAddress()) && wakeUpPorts.contains(remote.getPort());
  }

  private boolean isWaiting(BooleanSupplier isBusy) {
    return listener.isOpen() && listener.isBlocking() && !isBusy.getAsBoolean();
  }

  private InetSocketAddress ownAddress() throws IOException {
    InetSocketAddress address = (InetSocketAddress) listener.getLocalAddress();
    return address.getAddress().isAnyLocalAddress()
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort())
        : address;
  }

  private void closeQuietly() {
    try {
      listener.close();
    } catch (IOException _) {
      // There is nothing left to close.
    }
  }
}
