package iomodels.conformance;

import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.meter.CostMeter;
import java.util.List;
import java.util.concurrent.Semaphore;

/** A program is started anew for each rule, since each has its own upstreams. */
record ProgramExamination(ProgramTarget program, Semaphore sideBySide) implements Examination {

  private static final int SIDE_BY_SIDE = 4;

  ProgramExamination(ProgramTarget program) {
    this(program, new Semaphore(SIDE_BY_SIDE));
  }

  @Override
  public String reasonToSkip(Rule rule) {
    if (rule.preconditions().contains(Precondition.PAUSE) && !program.launchesAlone()) {
      return Precondition.PAUSE.otherwise();
    }
    if (!rule.preconditions().contains(Precondition.PROCESS)) {
      return "";
    }
    if (!program.launchesProcesses()) {
      return Precondition.PROCESS.otherwise();
    }
    return CostMeter.of(ProcessHandle.current()).isEmpty() ? Precondition.NO_PROC : "";
  }

  @Override
  public List<String> notes() {
    return program.notes();
  }

  @Override
  public Semaphore permits(Rule rule) {
    return sideBySide;
  }

  @Override
  public TestContext context(Rule rule, Bounds bounds, long seed) {
    return new TestContext(program, bounds, seed);
  }
}
