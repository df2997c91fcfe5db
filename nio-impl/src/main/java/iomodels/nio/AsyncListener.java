package iomodels.nio;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.server.ServerConfig;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The listening socket of a channel group. One thread blocks in {@link #acceptAll}. The class uses
 * futures instead of completion handlers: the group's thread would call a handler once per round,
 * and with a thousand busy clients a new client could wait for seconds.
 *
 * <p>If the process runs out of file descriptors, {@code acceptAll} pauses until a connection has
 * closed, or for 100 ms, since other parts of the process use descriptors as well. Any thread may
 * call the other methods.
 */
final class AsyncListener implements Closeable {

  private static final long PAUSE_NANOS = MILLISECONDS.toNanos(100);
  private static final long TICK_MILLIS = 50;

  private final AsynchronousServerSocketChannel channel;
  private final InetSocketAddress address;
  private final int backlog;

  /** The thread that accepts; present during a pause. */
  private volatile Optional<Thread> paused = Optional.empty();

  private volatile boolean stopping;

  /**
   * Opens a socket, binds it, and starts to listen.
   *
   * @throws IOException if the address is in use, unknown, or not an address of this machine
   */
  AsyncListener(ServerConfig config, AsynchronousChannelGroup group) throws IOException {
    backlog = config.backlog();
    channel = AsynchronousServerSocketChannel.open(group);
    try {
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      Network.with(config.address(), it -> channel.bind(it, backlog));
      address = (InetSocketAddress) channel.getLocalAddress();
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  InetSocketAddress address() {
    return address;
  }

  /**
   * Accepts connections until the listener is closed, or has been stopped and the backlog is empty.
   * Blocks the calling thread.
   */
  void acceptAll(Consumer<AsynchronousSocketChannel> onConnection) {
    try {
      Future<AsynchronousSocketChannel> next = channel.accept();
      for (int late = 0; channel.isOpen() && late <= backlog; ) {
        late += stopping ? 1 : 0;
        try {
          onConnection.accept(next.get(TICK_MILLIS, MILLISECONDS));
          next = channel.accept();
        } catch (ExecutionException _) { // Out of descriptors.
          if (stopping) {
            return;
          }
          pause();
          next = channel.accept();
        } catch (TimeoutException _) {
          // No connection: checks whether the server stops.
        }
        if (late > 0 && !next.isDone()) {
          return; // The backlog is empty.
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e); // No code interrupts this thread.
    }
  }

  private void pause() {
    paused = Optional.of(Thread.currentThread());
    LockSupport.parkNanos(PAUSE_NANOS);
    paused = Optional.empty();
  }

  /** Ends a pause: a connection has closed. */
  void descriptorFreed() {
    paused.ifPresent(LockSupport::unpark);
  }

  /** Makes {@link #acceptAll} return when it has accepted the connections in the backlog. */
  void stop() {
    stopping = true;
  }

  @Override
  public void close() {
    Network.closeQuietly(channel);
  }
}
