package iomodels.conformance.rules;

import static iomodels.conformance.Bound.DESCRIPTORS;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Counts what conversations leave open after they have ended. */
final class ResourceLeaks {

  private static final int WARM_UP = 2;
  private static final long BETWEEN_LOOKS_MILLIS = 20;

  private ResourceLeaks() {}

  /** Holds some conversations, and returns when all of them have ended. */
  interface Conversations {
    void hold() throws Broken, IOException, InterruptedException;
  }

  /** Counts something. */
  private interface Count {
    long now() throws IOException, InterruptedException;
  }

  /**
   * Holds the conversations repeatedly. Demands that no more descriptors are open than after two
   * rounds, and, where it can be counted, that no more objects are referenced, not even by a timer.
   */
  static void demandNone(
      TestContext context, List<Instance> programs, int times, Conversations conversations)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < WARM_UP; i++) {
      conversations.hold();
    }
    List<Allowance> allowances = new ArrayList<>();
    for (Instance each : programs) {
      CostMeter meter = context.meter(each);
      allowances.add(allowance(context, "descriptors", () -> meter.now().descriptors()));
      if (each.objects().isPresent()) {
        allowances.add(allowance(context, "objects", () -> objects(each)));
      }
    }
    for (int i = 0; i < times; i++) {
      conversations.hold();
    }
    for (Allowance each : allowances) {
      demand(context, each.what(), each.most(), each.count());
    }
  }

  private static long objects(Instance program) throws IOException, InterruptedException {
    return program
        .objects()
        .orElseThrow(() -> new Inconclusive("its objects can no longer be counted"));
  }

  /** The largest permitted number of something. */
  private record Allowance(String what, long most, Count count) {}

  private static Allowance allowance(TestContext context, String what, Count count)
      throws IOException, InterruptedException {
    return new Allowance(what, count.now() + context.count(DESCRIPTORS), count);
  }

  private static void demand(TestContext context, String what, long allowed, Count count)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    long now = count.now();
    while (now > allowed && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS_MILLIS);
      now = count.now();
    }
    if (now > allowed) {
      throw Broken.late(
          "at most %d %s after all clients have left".formatted(allowed, what),
          "there are %d".formatted(now));
    }
    context.note("sees %d %s; %d may be left".formatted(now, what, allowed));
  }
}
