package iomodels.conformance.rules;

import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.Bound.NOISE;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.TestContext;
import iomodels.conformance.rules.ResourceLeaks.Conversations;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.OptionalLong;

/** How much a program writes to its standard error while clients reset. */
final class ErrorOutput {

  /** The number of clients that {@code NOISE} speaks of. */
  static final int RESETS = 300;

  private final Instance program;
  private final OptionalLong before;

  private ErrorOutput(Instance program) {
    this.program = program;
    before = program.errorBytes();
  }

  /** Begins to count, if the kit reads the standard error of this program. */
  static ErrorOutput from(Instance program) {
    return new ErrorOutput(program);
  }

  /** Demands that the program has written little meanwhile. */
  void demandLittle(TestContext context) throws Broken, Inconclusive {
    if (before.isEmpty()) {
      return;
    }
    OptionalLong after = program.errorBytes();
    if (after.isEmpty()) {
      throw new Inconclusive("its standard error can no longer be read");
    }
    long noise = after.getAsLong() - before.getAsLong();
    if (noise > context.count(NOISE)) {
      throw new Broken(
          "at most %,d bytes on its standard error".formatted(context.count(NOISE)),
          "there were %,d".formatted(noise));
    }
    context.note("sees %,d bytes on its standard error".formatted(noise));
  }

  /**
   * Lets clients reset, and demands that the program writes little meanwhile. Only a program that
   * has closed their sockets has seen all of these resets.
   *
   * @param reset holds a conversation in which one client resets
   */
  static void demandLittleWhileClientsReset(
      TestContext context, Instance program, Conversations reset)
      throws Broken, IOException, InterruptedException {
    ErrorOutput output = from(program);
    if (output.before.isEmpty()) {
      return;
    }
    CostMeter meter = context.meter(program);
    int allowed = meter.now().descriptors() + context.count(DESCRIPTORS);
    try {
      for (int i = 0; i < RESETS; i++) {
        reset.hold();
      }
      ResourceLeaks.awaitAtMost(
          allowed,
          "descriptors",
          () -> OptionalLong.of(meter.now().descriptors()),
          context.patience());
      output.demandLittle(context);
    } catch (Broken e) {
      throw e.at("while %d clients reset".formatted(RESETS));
    }
  }
}
