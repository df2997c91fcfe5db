package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A listening socket. {@link #accept} blocks until there is a client, and returns when the server
 * stops. If the process is out of file descriptors, it waits until one is free.
 *
 * <p>Closing a listening socket resets the connections in its backlog. The kernel has established
 * these connections, and their clients may have sent requests. So the stop does not close the
 * socket. It wakes the acceptor by connecting to it, as Tomcat's {@code
 * AbstractEndpoint.unlockAccept} does; the acceptor then accepts without blocking until the backlog
 * is empty.
 *
 * <p>Safe for use by several threads.
 */
final class Listener implements Closeable {

  private static final long PAUSE = MILLISECONDS.toNanos(100);
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final int WAKE_UP_MILLIS = 100;

  /**
   * One is enough unless other processes share the port: the kernel may hand the connection to one
   * of them.
   */
  private static final int MAX_WAKE_UPS = 100;

  private final ServerSocketChannel channel;
  private final InetSocketAddress address;
  private final int backlog;
  private final Set<Integer> wakeUpPorts = ConcurrentHashMap.newKeySet();
  private final Semaphore freed = new Semaphore(0);

  /** Whether a thread is in the system call, or about to enter it. */
  private volatile boolean waiting;

  private volatile boolean stopping;

  /**
   * The number of connections accepted since the stop; the backlog can hold no more than its
   * length.
   */
  private int acceptedLate;

  private Listener(ServerSocketChannel channel, int backlog) throws IOException {
    this.channel = channel;
    this.backlog = backlog;
    address = (InetSocketAddress) channel.getLocalAddress();
  }

  /**
   * Opens a socket, binds it, and starts to listen.
   *
   * @param backlog the maximum number of established connections that are not accepted yet
   * @param options socket options to enable besides SO_REUSEADDR, before the socket is bound
   * @throws IOException if the address is in use, unknown, or not an address of this machine
   */
  @SafeVarargs
  static Listener bind(InetSocketAddress address, int backlog, SocketOption<Boolean>... options)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      for (SocketOption<Boolean> option : options) {
        channel.setOption(option, true);
      }
      Sockets.bind(channel, address, backlog);
      return new Listener(channel, backlog);
    } catch (Throwable e) {
      closeQuietly(channel);
      throw e;
    }
  }

  InetSocketAddress address() {
    return address;
  }

  /**
   * Waits for a client. If several threads call this method, one waits for a client, and the others
   * wait for the lock.
   *
   * @return the client; null if the server stops and its backlog is empty, or if the listener is
   *     closed
   */
  synchronized @Nullable SocketChannel accept() {
    while (acceptedLate <= backlog) {
      try {
        SocketChannel client = await();
        if (client == null) {
          return null;
        }
        acceptedLate += stopping ? 1 : 0;
        if (!isWakeUp(client)) {
          return client;
        }
        client.close();
      } catch (ClosedChannelException _) {
        return null;
      } catch (IOException _) {
        awaitDescriptor();
      }
    }
    return null;
  }

  private @Nullable SocketChannel await() throws IOException {
    waiting = true; // Before it reads stopping: stop() sets stopping before it reads waiting.
    try {
      channel.configureBlocking(!stopping);
      return channel.accept();
    } finally {
      waiting = false;
    }
  }

  boolean isWaiting() {
    return waiting && channel.isOpen();
  }

  /** Whether the server stops: {@link #accept} then does not block. */
  boolean isStopping() {
    return stopping;
  }

  /**
   * Waits until a connection has closed, or for 100 ms, because the process is out of descriptors.
   * If none has closed and the server stops, closes the listener; the kernel then resets the
   * connections that are still in the backlog.
   */
  void awaitDescriptor() {
    boolean isFree = false;
    try {
      isFree = freed.tryAcquire(PAUSE, NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // The next accept throws.
    }
    if (stopping && !isFree) {
      close();
    }
  }

  /** Ends a wait for a descriptor: a connection has closed. */
  void descriptorFreed() {
    if (freed.availablePermits() == 0) {
      freed.release();
    }
  }

  /** Makes {@link #accept} return once the backlog is empty. */
  void stop() {
    stopping = true;
    descriptorFreed();
    for (int i = 0; i < MAX_WAKE_UPS && isWaiting(); i++) {
      try (SocketChannel wakeUp = SocketChannel.open()) {
        wakeUp.bind(new InetSocketAddress(ownAddress().getAddress(), 0));
        wakeUpPorts.add(((InetSocketAddress) wakeUp.getLocalAddress()).getPort());
        wakeUp.socket().connect(ownAddress(), WAKE_UP_MILLIS);
      } catch (SocketTimeoutException _) {
        // The backlog is full, so the acceptor is not waiting.
      } catch (IOException _) {
        // There is no free descriptor or port; there may be one at the next attempt.
      }
      LockSupport.parkNanos(TICK);
    }
    if (isWaiting()) {
      close(); // The last way to wake the acceptor.
    }
  }

  /**
   * Accepts the connections in the backlog, and closes the listener. To be called after {@link
   * #stop}.
   */
  List<SocketChannel> acceptAll() {
    try (this) {
      List<SocketChannel> accepted = new ArrayList<>();
      for (var client = accept(); client != null; client = accept()) {
        accepted.add(client);
      }
      return accepted;
    }
  }

  private boolean isWakeUp(SocketChannel accepted) throws IOException {
    if (!stopping) {
      return false;
    }
    InetSocketAddress remote = (InetSocketAddress) accepted.getRemoteAddress();
    InetSocketAddress local = (InetSocketAddress) accepted.getLocalAddress();
    return remote.getAddress().equals(local.getAddress()) && wakeUpPorts.contains(remote.getPort());
  }

  private InetSocketAddress ownAddress() {
    return address.getAddress().isAnyLocalAddress()
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort())
        : address;
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }
}
