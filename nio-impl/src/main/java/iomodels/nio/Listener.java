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
 * The listening socket of a selector. When the process runs out of file descriptors, it pauses: a
 * connection that cannot be accepted stays in the backlog, and the selector would report it again
 * at once, so the loop would spin. The pause ends when a connection has closed, or after 100 ms,
 * since other parts of the process use descriptors as well.
 *
 * <p>For the thread of the selector, except {@link #address} and {@link #isPaused}.
 */
public final class Listener implements Closeable {

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
   * Listens.
   *
   * @param backlog how many connections the kernel completes before they are accepted
   * @param onReady attached to the key in the selector
   * @throws IOException if the address is in use, unknown, or not of this machine
   */
  public static Listener bind(
      Selector selector, InetSocketAddress address, int backlog, Runnable onReady)
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

  public InetSocketAddress address() {
    return address;
  }

  /**
   * Accepts a connection.
   *
   * @return null if none is pending, or if there is no descriptor for it, after which the listener
   *     is paused
   */
  public @Nullable SocketChannel accept() {
    try {
      return channel.accept();
    } catch (ClosedChannelException _) {
      return null;
    } catch (IOException _) {
      pause();
      return null;
    }
  }

  /** Stops accepting for a while: the process is out of descriptors. */
  public void pause() {
    if (key.isValid()) {
      key.interestOps(0);
      paused = true;
      pauseEnd = Deadline.in(PAUSE);
    }
  }

  /** Whether {@link #resumeIfDue} has to be called soon. */
  public boolean isPaused() {
    return paused;
  }

  /** Ends the pause if it is over. */
  public void resumeIfDue() {
    if (paused && pauseEnd.isOver()) {
      resume();
    }
  }

  /** Ends the pause: a connection has closed. */
  public void resume() {
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
