package iomodels.conformance;

import iomodels.conformance.Rule.Need;
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
    if (rule.needs().contains(Need.PAUSE) && !program.launchesAlone()) {
      return Need.PAUSE.otherwise();
    }
    if (!rule.needs().contains(Need.PROCESS)) {
      return "";
    }
    if (!program.launchesProcesses()) {
      return Need.PROCESS.otherwise();
    }
    return CostMeter.of(ProcessHandle.current()).isEmpty() ? Need.NO_PROC : "";
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
  public Trial trial(Rule rule, Bounds bounds, long seed) {
    return new Trial(program, bounds, seed);
  }
}
