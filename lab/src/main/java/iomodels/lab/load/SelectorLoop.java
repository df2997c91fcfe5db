package iomodels.lab.load;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;

/**
 * The event loop of the load generators. It waits in a selector, but never past the time when the
 * next message falls due. For use by one thread.
 */
final class SelectorLoop implements AutoCloseable {

  /** How often to look for connections that have timed out. */
  private static final long CHECK_NANOS = 50_000_000;

  private static final long NANOS_PER_MILLI = 1_000_000;

  /**
   * A selector may return this much after its timeout. If a message falls due sooner, the loop
   * polls, which keeps a processor busy.
   */
  private static final long SELECTOR_SLACK = 2 * NANOS_PER_MILLI;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  final Selector selector;
  private final Consumer<SelectionKey> whenReady;
  private long checked;
  private long busyAtStart;
  private long start;

  SelectorLoop(Consumer<SelectionKey> whenReady) throws LoadException {
    this.whenReady = whenReady;
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new LoadException("no selector", e);
    }
  }

  /** Registers a connected channel for reading. */
  SelectionKey watch(SocketChannel channel, Object attachment) throws LoadException {
    try {
      return channel.register(selector, SelectionKey.OP_READ, attachment);
    } catch (ClosedChannelException e) {
      throw new LoadException("a connection was closed early", e);
    }
  }

  void beginRound() {
    busyAtStart = busyNanos();
    start = System.nanoTime();
  }

  /** Share of the time since the beginning of the round that this thread was on a processor. */
  double busyShare() {
    return (double) (busyNanos() - busyAtStart) / (System.nanoTime() - start);
  }

  private static long busyNanos() {
    return THREADS.isCurrentThreadCpuTimeSupported() ? THREADS.getCurrentThreadCpuTime() : 0;
  }

  /** Waits until a channel is ready or it is time to check, and handles what is ready. */
  void await() throws InterruptedException {
    select(CHECK_NANOS / NANOS_PER_MILLI);
  }

  /** Handles what is ready, and waits for more if there is time before that moment. */
  void awaitUntil(long due) throws InterruptedException {
    long nanos = due - System.nanoTime() - SELECTOR_SLACK;
    select(Math.clamp(nanos / NANOS_PER_MILLI, 0, CHECK_NANOS / NANOS_PER_MILLI));
  }

  private void select(long millis) throws InterruptedException {
    try {
      if (millis > 0) {
        selector.select(whenReady, millis);
      } else {
        selector.selectNow(whenReady);
      }
    } catch (IOException e) {
      throw new LoadFailure(new LoadException("the selector failed", e));
    }
    if (Thread.interrupted()) {
      throw interrupted();
    }
  }

  /** Whether it is time to look for connections that have timed out; if so, restarts the timer. */
  boolean isTimeToCheck(long now) {
    if (now - checked < CHECK_NANOS) {
      return false;
    }
    checked = now;
    return true;
  }

  /** Converts an interrupt that has arrived as an I/O exception. */
  static InterruptedException interrupted() {
    Thread.interrupted();
    return new InterruptedException("interrupted under load");
  }

  static boolean isInterrupt(IOException e) {
    return e instanceof ClosedByInterruptException;
  }

  @Override
  public void close() {
    if (!selector.isOpen()) {
      return;
    }
    for (SelectionKey key : selector.keys()) {
      try {
        key.channel().close();
      } catch (IOException _) {
        // Nothing is lost: the load is over.
      }
    }
    try {
      selector.close();
    } catch (IOException _) {
      // As above.
    }
  }
}
