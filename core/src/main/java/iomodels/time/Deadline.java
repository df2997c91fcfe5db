package iomodels.time;

import java.time.Duration;

/**
 * A point in time, measured with {@link System#nanoTime}.
 *
 * @param nanos the value of {@code nanoTime} at that time; it may overflow, so only differences
 *     between two values mean anything
 */
public record Deadline(long nanos) {

  /** The deadline that is over after a delay, counted from now. */
  public static Deadline in(Duration delay) {
    return new Deadline(System.nanoTime() + delay.toNanos());
  }

  /** Whether that time has come. */
  public boolean isOver() {
    return System.nanoTime() - nanos >= 0;
  }
}
