package iomodels.linux;

import java.time.Duration;

/** Something to be done repeatedly, at once and then at intervals. */
final class Ticks {

  private final Duration interval;
  private Deadline next = Deadline.in(Duration.ZERO);

  Ticks(int intervalMillis) {
    interval = Duration.ofMillis(intervalMillis);
  }

  /** Whether it is time; if so, the next interval begins. */
  boolean isDue() {
    boolean due = next.isOver();
    if (due) {
      next = Deadline.in(interval);
    }
    return due;
  }
}
