package iomodels.conformance.rules;

import static iomodels.conformance.Bound.DESCRIPTORS;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Checks that conversations release their descriptors and objects when they end. */
final class ResourceLeaks {

  /** How often the conversations are held before anything is counted. */
  static final int WARM_UP = 2;

  private static final long SAMPLE_INTERVAL_MILLIS = 20;

  private ResourceLeaks() {}

  /** Holds some conversations, and returns when all of them have ended. */
  interface Conversations {
    void hold() throws Broken, IOException, InterruptedException;
  }

  /** Samples the number of open descriptors or reachable objects. */
  interface Counter {

    /** Returns the current number; empty if this sample failed, though a later one may succeed. */
    OptionalLong sample() throws IOException, InterruptedException;
  }

  /**
   * Holds the conversations repeatedly. Demands that no more descriptors are open than after two
   * rounds and, where objects can be counted, that no more objects are reachable, for instance from
   * a timer.
   */
  static void demandNone(
      TestContext context, List<Instance> programs, int times, Conversations conversations)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < WARM_UP; i++) {
      conversations.hold();
    }
    List<Allowance> allowances = new ArrayList<>();
    Set<Optional<ProcessHandle>> counted = new HashSet<>();
    for (Instance each : programs) {
      if (!counted.add(each.process())) {
        continue; // What all programs of one process have is counted once.
      }
      CostMeter meter = context.meter(each);
      Counter descriptors = () -> OptionalLong.of(meter.now().descriptors());
      allowances.add(allowance(context, "descriptors", descriptors));
      if (each.countsObjects()) {
        allowances.add(allowance(context, "objects", each::reachableObjects));
      }
    }
    for (int i = 0; i < times; i++) {
      conversations.hold();
    }
    for (Allowance each : allowances) {
      long left = awaitAtMost(each.most(), each.what(), each.counter(), context.patience());
      context.note("sees %d %s; up to %d are allowed".formatted(left, each.what(), each.most()));
    }
  }

  /** The largest permitted number of something. */
  private record Allowance(String what, long most, Counter counter) {}

  private static Allowance allowance(TestContext context, String what, Counter counter)
      throws Broken, IOException, InterruptedException {
    long before = awaitAtMost(Long.MAX_VALUE, what, counter, context.patience());
    return new Allowance(what, before + context.count(DESCRIPTORS), counter);
  }

  /**
   * Samples until the number is small enough. A failed sample counts as "not yet".
   *
   * @return the number in the last sample
   * @throws Broken if the number is still larger at the deadline
   * @throws Inconclusive if the last sample before the deadline failed
   */
  static long awaitAtMost(long most, String what, Counter counter, Duration timeout)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    OptionalLong count = counter.sample();
    while ((count.isEmpty() || count.getAsLong() > most) && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(SAMPLE_INTERVAL_MILLIS);
      count = counter.sample();
    }
    if (count.isEmpty()) {
      throw new Inconclusive("cannot count the %s of the program".formatted(what));
    }
    if (count.getAsLong() > most) {
      throw Broken.late(
          "at most %d %s after all clients have left".formatted(most, what),
          "there are %d".formatted(count.getAsLong()));
    }
    return count.getAsLong();
  }
}
