package iomodels.lab;

import java.io.IOException;
import java.io.Serial;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;

/**
 * The generators' way of waiting: in a selector, but never past the moment when the next message
 * falls due. For use by one thread.
 */
final class Loop implements AutoCloseable {

  /** How often to look for connections that wait in vain. */
  private static final long CHECK_NANOS = 50_000_000;

  private static final long NANOS_PER_MILLI = 1_000_000;

  /**
   * A selector may come back this much later than it was told to. What falls due sooner is awaited
   * by asking again and again, which takes a processor.
   */
  private static final long SELECTOR_SLACK = 2 * NANOS_PER_MILLI;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  final Selector selector;
  private final Consumer<SelectionKey> whenReady;
  private long checked;
  private long busyAtStart;
  private long start;

  /** Carries a failure out of the selector's callback. */
  static final class Failure extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    final LoadException what;

    Failure(LoadException what) {
      super(what);
      this.what = what;
    }
  }

  Loop(Consumer<SelectionKey> whenReady) throws LoadException {
    this.whenReady = whenReady;
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new LoadException("no selector", e);
    }
  }

  /** Sees to it that what comes on an open channel is noticed. */
  SelectionKey watch(SocketChannel channel, Object attachment) throws LoadException {
    try {
      return channel.register(selector, SelectionKey.OP_READ, attachment);
    } catch (ClosedChannelException e) {
      throw new LoadException("a connection was closed before its time", e);
    }
  }

  void beginRound() {
    busyAtStart = busyNanos();
    start = System.nanoTime();
  }

  /** The share of the time since the round began that this thread was on a processor. */
  double busyShare() {
    return (double) (busyNanos() - busyAtStart) / (System.nanoTime() - start);
  }

  private static long busyNanos() {
    return THREADS.isCurrentThreadCpuTimeSupported() ? THREADS.getCurrentThreadCpuTime() : 0;
  }

  /** Waits for whatever comes, and serves it. */
  void await() throws InterruptedException {
    select(CHECK_NANOS / NANOS_PER_MILLI);
  }

  /** Serves whatever is there, and waits for more if there is time for it before that moment. */
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
      throw new Failure(new LoadException("the selector failed", e));
    }
    if (Thread.interrupted()) {
      throw interrupted();
    }
  }

  /** Whether it is time to look for those that wait in vain. */
  boolean isTimeToCheck(long now) {
    if (now - checked < CHECK_NANOS) {
      return false;
    }
    checked = now;
    return true;
  }

  /** What an interrupt is turned into, where it comes as an exception of I/O. */
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
        // There is nothing left to save.
      }
    }
    try {
      selector.close();
    } catch (IOException _) {
      // As above.
    }
  }
}
