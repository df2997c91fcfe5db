package iomodels.conformance.rules;

import static iomodels.conformance.Bound.DESCRIPTORS;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What conversations leave behind, however they end. */
final class Leftovers {

  private static final int WARM_UP = 2;
  private static final long BETWEEN_LOOKS_MILLIS = 20;

  private Leftovers() {}

  /** Some conversations, each of which has ended when it returns. */
  interface Conversations {
    void hold() throws Broken, IOException, InterruptedException;
  }

  /** Something that is counted. */
  private interface Count {
    long now() throws IOException, InterruptedException;
  }

  /**
   * Holds them again and again, and demands that no more descriptors are open than after two, and,
   * where that can be seen, that no more objects are referred to: not by a timer either.
   */
  static void demandNone(
      Trial trial, List<Instance> programs, int times, Conversations conversations)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < WARM_UP; i++) {
      conversations.hold();
    }
    List<Allowance> allowances = new ArrayList<>();
    for (Instance each : programs) {
      CostMeter meter = trial.meter(each);
      allowances.add(allowance(trial, "descriptors", () -> meter.now().descriptors()));
      if (each.objects().isPresent()) {
        allowances.add(allowance(trial, "objects", () -> objects(each)));
      }
    }
    for (int i = 0; i < times; i++) {
      conversations.hold();
    }
    for (Allowance each : allowances) {
      demand(trial, each.what(), each.most(), each.count());
    }
  }

  private static long objects(Instance program) throws IOException, InterruptedException {
    return program
        .objects()
        .orElseThrow(() -> new Inconclusive("its objects can no longer be counted"));
  }

  /** How many there may be of something. */
  private record Allowance(String what, long most, Count count) {}

  private static Allowance allowance(Trial trial, String what, Count count)
      throws IOException, InterruptedException {
    return new Allowance(what, count.now() + trial.count(DESCRIPTORS), count);
  }

  private static void demand(Trial trial, String what, long allowed, Count count)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + trial.patience().toNanos();
    long now = count.now();
    while (now > allowed && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS_MILLIS);
      now = count.now();
    }
    if (now > allowed) {
      throw new Broken(
          "at most %d %s once all have gone".formatted(allowed, what), "%d".formatted(now));
    }
    trial.note("sees %d %s, of %d that may be left".formatted(now, what, allowed));
  }
}
