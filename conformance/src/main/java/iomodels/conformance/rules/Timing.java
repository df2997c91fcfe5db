package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE;

import iomodels.conformance.Broken;
import iomodels.conformance.TestContext;
import java.time.Duration;
import java.util.Arrays;

/** Durations. They are checked by a median, which a busy machine hardly changes. */
final class Timing {

  /** How many times as long as a server has to keep an idle connection. */
  private static final int SILENCES = 4;

  /** Longer than ten seconds, which is a common time limit. */
  private static final Duration LONG_SILENCE = Duration.ofMillis(10_400);

  private Timing() {}

  /** Returns how long a program has to wait that has no time limit, for a rule that waits. */
  static Duration longSilence(TestContext context) {
    Duration most = context.time(IDLE).multipliedBy(SILENCES);
    return most.compareTo(LONG_SILENCE) < 0 ? LONG_SILENCE : most;
  }

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
