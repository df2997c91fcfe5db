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
 * A listening socket. Its {@link #accept} blocks, but returns when the server stops; and if the
 * process is out of file descriptors, it waits until one is free.
 *
 * <p>Closing a listening socket resets the connections in its backlog, which the kernel has
 * completed, and whose clients may have sent their requests. So the stop does not close it. It
 * wakes the acceptor by a connection of its own, as Tomcat's {@code AbstractEndpoint.unlockAccept}
 * does; the acceptor then accepts without blocking until the backlog is empty.
 *
 * <p>Safe for use by several threads.
 */
public final class Listener implements Closeable {

  private static final long PAUSE = MILLISECONDS.toNanos(100);
  private static final long TICK = MILLISECONDS.toNanos(10);
  private static final int WAKE_UP_MILLIS = 100;

  /**
   * One is enough, unless other processes share the port: the kernel may give it to one of them.
   */
  private static final int MAX_WAKE_UPS = 100;

  private final ServerSocketChannel channel;
  private final InetSocketAddress address;
  private final int backlog;
  private final Set<Integer> wakeUpPorts = ConcurrentHashMap.newKeySet();
  private final Semaphore freed = new Semaphore(0);

  /** A thread is in the system call, or about to be. */
  private volatile boolean waiting;

  private volatile boolean stopping;

  /** How many were accepted since the stop: no more can be in the backlog than its length. */
  private int acceptedLate;

  private Listener(ServerSocketChannel channel, int backlog) throws IOException {
    this.channel = channel;
    this.backlog = backlog;
    address = (InetSocketAddress) channel.getLocalAddress();
  }

  /**
   * Listens.
   *
   * @param backlog how many connections the kernel completes that are not accepted yet
   * @param options are set as well as SO_REUSEADDR, before the socket is bound
   * @throws IOException if the address is in use, unknown, or not of this machine
   */
  @SafeVarargs
  public static Listener bind(
      InetSocketAddress address, int backlog, SocketOption<Boolean>... options) throws IOException {
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

  public InetSocketAddress address() {
    return address;
  }

  /**
   * Waits for a client. If several threads call it, one waits for a client, and the others wait for
   * their turn.
   *
   * @return null if the server stops and its backlog is empty, or if the listener is closed
   */
  public synchronized @Nullable SocketChannel accept() {
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
    waiting = true; // Before it looks at the stop, which looks the other way round.
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

  /** Whether {@link #accept} does not block any more. */
  public boolean isStopping() {
    return stopping;
  }

  /**
   * The server is out of descriptors: waits until a connection has closed, or for a while. If none
   * has closed while the server stops, closes the listener, and the kernel resets the connections
   * that are still in its backlog.
   */
  public void awaitDescriptor() {
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

  /** A connection has closed. */
  public void descriptorFreed() {
    if (freed.availablePermits() == 0) {
      freed.release();
    }
  }

  /** Makes {@link #accept} return once the backlog is empty. */
  public void stop() {
    stopping = true;
    descriptorFreed();
    for (int i = 0; i < MAX_WAKE_UPS && isWaiting(); i++) {
      try (SocketChannel wakeUp = SocketChannel.open()) {
        wakeUp.bind(new InetSocketAddress(ownAddress().getAddress(), 0));
        wakeUpPorts.add(((InetSocketAddress) wakeUp.getLocalAddress()).getPort());
        wakeUp.socket().connect(ownAddress(), WAKE_UP_MILLIS);
      } catch (SocketTimeoutException _) {
        // The backlog is full: the acceptor does not wait.
      } catch (IOException _) {
        // There is no descriptor, or no port. Perhaps there is one in a moment.
      }
      LockSupport.parkNanos(TICK);
    }
    if (isWaiting()) {
      close(); // There is no other way to wake it.
    }
  }

  /**
   * Accepts the connections that are in the backlog of a server that stops, and closes the
   * listener.
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
