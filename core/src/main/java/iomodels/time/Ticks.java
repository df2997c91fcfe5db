package iomodels.time;

import java.time.Duration;

/**
 * A periodic timer that its owner polls. It is due at once, and then at intervals. It allocates no
 * memory. Not safe for use by several threads.
 */
public final class Ticks {

  private final long interval;
  private long next = System.nanoTime();

  /** Creates a timer that is due at once. */
  public Ticks(Duration interval) {
    this.interval = interval.toNanos();
  }

  /** Whether the timer is due; if so, the next interval begins now. */
  public boolean isDue() {
    long now = System.nanoTime();
    boolean due = now - next >= 0;
    if (due) {
      next = now + interval;
    }
    return due;
  }

  /** Makes the timer due after the given delay instead of the rest of the interval. */
  public void restart(Duration delay) {
    next = System.nanoTime() + delay.toNanos();
  }
}
