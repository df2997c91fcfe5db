package iomodels.time;

import java.time.Duration;

/** Something to be done repeatedly: at once, and then at intervals. It allocates nothing. */
public final class Ticks {

  private final long interval;
  private long next = System.nanoTime();

  /** Due at once. */
  public Ticks(Duration interval) {
    this.interval = interval.toNanos();
  }

  /** Whether it is time; if so, the next interval begins. */
  public boolean isDue() {
    long now = System.nanoTime();
    boolean due = now - next >= 0;
    if (due) {
      next = now + interval;
    }
    return due;
  }

  /** Makes it due after a delay other than the interval. */
  public void restart(Duration delay) {
    next = System.nanoTime() + delay.toNanos();
  }
}
