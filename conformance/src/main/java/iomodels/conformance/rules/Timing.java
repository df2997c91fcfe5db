package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import java.time.Duration;
import java.util.Arrays;

/** Checks of durations, always of a median: a busy machine hardly changes it. */
final class Timing {

  private Timing() {}

  static void demandMedian(long[] nanos, Duration bound, String what) throws Broken {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    long median = sorted[sorted.length / 2];
    if (median > bound.toNanos()) {
      throw new Broken(
          "%s within %d ms (median of %d)".formatted(what, bound.toMillis(), nanos.length),
          "it took %.1f ms (from %.1f to %.1f)"
              .formatted(median / 1e6, sorted[0] / 1e6, sorted[sorted.length - 1] / 1e6));
    }
  }
}
