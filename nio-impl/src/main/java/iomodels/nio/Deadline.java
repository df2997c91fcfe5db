package iomodels.nio;

import java.time.Duration;

/**
 * A point in time, measured with {@link System#nanoTime}.
 *
 * @param nanos the value of {@code nanoTime} at that time; it may overflow, so only differences
 *     between two values mean anything
 */
record Deadline(long nanos) {

  static Deadline in(Duration delay) {
    return new Deadline(System.nanoTime() + delay.toNanos());
  }

  boolean isOver() {
    return System.nanoTime() - nanos >= 0;
  }
}
