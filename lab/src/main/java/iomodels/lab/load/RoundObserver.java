package iomodels.lab.load;

import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * Watches a round of load while it runs. Called on the generator's thread, which sends nothing
 * until the observer returns.
 */
public interface RoundObserver {

  /** Does nothing. */
  RoundObserver NONE = () -> true;

  /**
   * Called many times a second.
   *
   * @return false to end the round now; outstanding replies are still awaited
   */
  boolean shouldContinue();

  /**
   * Called about once a second, and at the end of the round.
   *
   * @param interval what was recorded since the last call
   */
  default void intervalEnded(Interval interval) {}

  /**
   * Latencies of a part of a round.
   *
   * @param startMillis when it began, since the beginning of the round
   * @param endMillis when it ended, since the beginning of the round
   * @param latency in nanoseconds; the observer may change it
   * @param uncorrected in an open loop: the same from when each message was really sent
   */
  record Interval(
      long startMillis, long endMillis, Histogram latency, Optional<Histogram> uncorrected) {}
}
