package iomodels.lab;

import java.util.Optional;
import org.HdrHistogram.Histogram;

/** Watches a round of load while it runs. Called by the generator's thread, which it holds up. */
public interface Observer {

  /** Sees nothing. */
  Observer NONE = () -> true;

  /**
   * Asked many times a second.
   *
   * @return false to end the round now; what is owed is still awaited
   */
  boolean goesOn();

  /**
   * Told about once a second, and at the end.
   *
   * @param interval what came since the last time
   */
  default void saw(Interval interval) {}

  /**
   * What came in a part of a round.
   *
   * @param startMillis when it began, and
   * @param endMillis when it ended, since the beginning of the round
   * @param latency in nanoseconds; the observer's own
   * @param uncorrected the same from when each message was really sent, in an open loop
   */
  record Interval(
      long startMillis, long endMillis, Histogram latency, Optional<Histogram> uncorrected) {}
}
