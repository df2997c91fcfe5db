package iomodels.lab.load;

import java.time.Duration;

/**
 * The times of a round: its beginning, its end and, in an open loop, when each message falls due.
 * Messages fall due at even intervals from the beginning on, whatever the server does. Times are
 * those of {@link System#nanoTime()}. Immutable.
 *
 * @param rate messages per second; 0 in a closed loop, where no message falls due
 */
record Schedule(long start, long end, int rate) {

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  static Schedule from(long now, Duration duration, int rate) {
    return new Schedule(now, now + duration.toNanos(), rate);
  }

  /** Returns a copy that ends now, or when it would end anyway. */
  Schedule endingAt(long now) {
    return new Schedule(start, Math.min(now, end), rate);
  }

  /** When a message falls due; the first has the number 0. */
  long due(long message) {
    // In two parts: the product would overflow after a few hours.
    long seconds = message / rate;
    return start + seconds * NANOS_PER_SECOND + message % rate * NANOS_PER_SECOND / rate;
  }

  /** Whether a message falls due within the round. */
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
