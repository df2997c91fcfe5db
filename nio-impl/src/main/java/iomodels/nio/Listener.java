package iomodels.nio;

import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A non-blocking listening socket in a selector. Out of file descriptors it pauses: the selector
 * would report it ready again at once, and the loop would spin. It resumes when a connection has
 * closed, or after a while, since other parts of the process use descriptors as well.
 *
 * <p>For the thread of the selector, except {@link #address} and {@link #isPaused}.
 */
final class Listener implements Closeable {

  private static final long PAUSE = MILLISECONDS.toNanos(100);

  private final ServerSocketChannel channel;
  private final SelectionKey key;
  private final InetSocketAddress address;
  private volatile boolean paused;
  private long resumeAt;

  private Listener(ServerSocketChannel channel, SelectionKey key) throws IOException {
    this.channel = channel;
    this.key = key;
    address = (InetSocketAddress) channel.getLocalAddress();
  }

  /**
   * Listens.
   *
   * @param backlog how many connections the kernel completes that are not accepted yet
   * @param onReady attached to the key in the selector
   * @throws IOException if the address is in use, unknown, or not of this machine
   */
  static Listener bind(Selector selector, InetSocketAddress address, int backlog, Runnable onReady)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      Network.with(address, it -> channel.bind(it, backlog));
      channel.configureBlocking(false);
      return new Listener(channel, channel.register(selector, OP_ACCEPT, onReady));
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  InetSocketAddress address() {
    return address;
  }

  /** Returns a client; null if none waits, or if there is no descriptor for it. */
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

  /** Accepts no more for a while: the process is out of descriptors. */
  void pause() {
    if (key.isValid()) {
      key.interestOps(0);
      paused = true;
      resumeAt = System.nanoTime() + PAUSE;
    }
  }

  /** Whether {@link #resumeIfDue} has to be called soon. */
  boolean isPaused() {
    return paused;
  }

  /** Accepts again if the pause is over. */
  void resumeIfDue(long now) {
    if (paused && resumeAt - now <= 0) {
      resume();
    }
  }

  /** Accepts again: a connection has closed. */
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
