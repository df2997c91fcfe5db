package iomodels.nio;

/** Something to be done repeatedly, at once and then at intervals. */
final class Ticks {

  private final long interval;
  private long next = System.nanoTime();

  Ticks(long intervalNanos) {
    interval = intervalNanos;
  }

  /** Whether it is time; if so, the next interval begins. */
  boolean isDue() {
    long now = System.nanoTime();
    boolean due = now - next >= 0;
    if (due) {
      next = now + interval;
    }
    return due;
  }

  /** Makes it due after a delay other than the interval. */
  void restart(long delayNanos) {
    next = System.nanoTime() + delayNanos;
  }
}
