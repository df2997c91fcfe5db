package iomodels.lab;

import java.time.Duration;

/**
 * When a round begins and ends, and in an open loop when each message falls due: at even intervals,
 * from the beginning on, whatever the server does. Times are those of {@link System#nanoTime()}.
 *
 * @param rate messages per second; 0 in a closed loop, where none ever falls due
 */
record Schedule(long start, long end, int rate) {

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  static Schedule from(long now, Duration duration, int rate) {
    return new Schedule(now, now + duration.toNanos(), rate);
  }

  /** The same, ending now instead. */
  Schedule endingAt(long now) {
    return new Schedule(start, Math.min(now, end), rate);
  }

  /** When that message falls due; the first is 0. */
  long due(long message) {
    // In two parts, or the product would not fit after a few hours.
    long seconds = message / rate;
    return start + seconds * NANOS_PER_SECOND + message % rate * NANOS_PER_SECOND / rate;
  }

  /** Whether that message belongs to this round. */
  boolean includes(long message) {
    return rate > 0 && due(message) - end < 0;
  }

  boolean isDue(long message, long now) {
    return includes(message) && due(message) - now <= 0;
  }

  boolean isOver(long now) {
    return now - end >= 0;
  }
}
