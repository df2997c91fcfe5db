package iomodels.conformance.rules;

import static iomodels.conformance.Bound.STOP;

import iomodels.conformance.Broken;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;

/** The rule that every program ends when it is stopped, and the same check for servers. */
final class Shutdown {

  static final String SENTENCE =
      "The program MUST end when it is told to, even while clients are connected.";

  static final String WHY =
      "A service manager sends SIGTERM and, after a time limit, SIGKILL (systemd.kill(5)). A"
          + " program that waits for its clients to leave makes each deployment take as long as"
          + " that limit, and is then killed.";

  private Shutdown() {}

  static void demand(TestContext context, Instance program) throws Broken, InterruptedException {
    context.stop(program);
    if (!program.awaitEnd(context.time(STOP))) {
      throw Broken.late(
          "the program to end within %,d ms".formatted(context.time(STOP).toMillis()),
          "it still runs");
    }
  }

  /** Demands that a server that has been told to stop ends. */
  static void demandEnd(TestContext context, Instance server) throws Broken, InterruptedException {
    if (!server.awaitEnd(context.time(STOP))) {
      throw Broken.late(
          "an end within %,d ms".formatted(context.time(STOP).toMillis()), "the server still runs");
    }
  }
}
