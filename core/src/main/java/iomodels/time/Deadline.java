package iomodels.time;

import java.time.Duration;

/**
 * A point in time, measured with {@link System#nanoTime}.
 *
 * @param nanos the value of {@code nanoTime} at that time; it may overflow, so only the difference
 *     between two values has a meaning
 */
public record Deadline(long nanos) {

  /** Returns the deadline that is reached after a delay, counted from now. */
  public static Deadline in(Duration delay) {
    return new Deadline(System.nanoTime() + delay.toNanos());
  }

  /** Whether the deadline has been reached. */
  public boolean isOver() {
    return System.nanoTime() - nanos >= 0;
  }
}
