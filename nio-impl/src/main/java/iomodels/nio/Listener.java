package iomodels.nio;

import static java.nio.channels.SelectionKey.OP_ACCEPT;

import iomodels.time.Deadline;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The listening socket of a selector. If the process runs out of file descriptors, it pauses: a
 * connection that cannot be accepted stays in the backlog, and the selector would report it again
 * at once, so the loop would spin. The pause ends when a connection has closed, or after 100 ms,
 * since other parts of the process use descriptors as well.
 *
 * <p>Confined to the thread of the selector, except {@link #address} and {@link #isPaused}.
 */
final class Listener implements Closeable {

  private static final Duration PAUSE = Duration.ofMillis(100);

  private final ServerSocketChannel channel;
  private final SelectionKey key;
  private final InetSocketAddress address;
  private volatile boolean paused;
  private Deadline pauseEnd = Deadline.in(Duration.ZERO);

  private Listener(ServerSocketChannel channel, SelectionKey key, InetSocketAddress address) {
    this.channel = channel;
    this.key = key;
    this.address = address;
  }

  /**
   * Opens a socket, binds it, starts to listen, and registers it.
   *
   * @param backlog the maximum number of established connections that are not accepted yet
   * @param onReady attached to the key: what the loop runs when a connection is pending
   * @throws IOException if the address is in use, unknown, or not an address of this machine
   */
  static Listener bind(Selector selector, InetSocketAddress address, int backlog, Runnable onReady)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      InetSocketAddress bound = Network.listen(channel, address, backlog);
      return new Listener(channel, Network.register(selector, channel, OP_ACCEPT, onReady), bound);
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  InetSocketAddress address() {
    return address;
  }

  /**
   * Accepts a connection.
   *
   * @return the connection; null if none is pending, or if there is no free descriptor: the
   *     listener is then paused
   */
  @Nullable SocketChannel accept() {
    try {
      return channel.accept();
    } catch (ClosedChannelException _) {
      return null;
    } catch (IOException _) {
      pause();
      return null;
    }
  }

  /** Pauses accepting, because the process is out of descriptors. */
  void pause() {
    if (key.isValid()) {
      key.interestOps(0);
      paused = true;
      pauseEnd = Deadline.in(PAUSE);
    }
  }

  /** Whether {@link #resumeIfDue} has to be called soon. */
  boolean isPaused() {
    return paused;
  }

  /** Resumes accepting if the time of the pause is over. */
  void resumeIfDue() {
    if (paused && pauseEnd.isOver()) {
      resume();
    }
  }

  /** Resumes accepting, because a connection has closed. */
  void resume() {
    if (paused && key.isValid()) {
      paused = false;
      key.interestOps(OP_ACCEPT);
    }
  }

  @Override
  public void close() {
    paused = false;
    Network.closeQuietly(channel);
  }
}
