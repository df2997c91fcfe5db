package iomodels.conformance.rules;

import static iomodels.conformance.Bound.STOP;

import iomodels.conformance.Broken;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;

/** What every program owes to whoever started it. */
final class Ending {

  static final String SENTENCE = "End when it is told to, whoever is connected.";

  private Ending() {}

  static void demand(Trial trial, Instance program) throws Broken, InterruptedException {
    trial.stop(program);
    if (!program.awaitEnd(trial.time(STOP))) {
      throw new Broken("an end within %,d ms".formatted(trial.time(STOP).toMillis()), "it runs on");
    }
  }
}
