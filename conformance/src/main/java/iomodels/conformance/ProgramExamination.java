package iomodels.conformance;

import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.meter.CostMeter;
import java.util.List;
import java.util.concurrent.Semaphore;

/** A program, which is started anew for each rule, since each rule has its own upstreams. */
record ProgramExamination(ProgramTarget program, Semaphore parallel, Semaphore waiting)
    implements Examination {

  private static final int PARALLEL = 4;

  ProgramExamination(ProgramTarget program) {
    this(program, new Semaphore(PARALLEL), new Semaphore(PARALLEL));
  }

  @Override
  public String reasonToSkip(Rule rule) {
    if (rule.preconditions().contains(Precondition.PAUSE) && !program.launchesAlone()) {
      return Precondition.PAUSE.reasonToSkip();
    }
    if (!rule.preconditions().contains(Precondition.PROCESS)) {
      return "";
    }
    if (!program.launchesProcesses()) {
      return Precondition.PROCESS.reasonToSkip();
    }
    return CostMeter.of(ProcessHandle.current()).isEmpty() ? Precondition.NO_PROC : "";
  }

  @Override
  public List<String> notes() {
    return program.notes();
  }

  @Override
  public Semaphore permits(Rule rule) {
    return rule.scheduling() == Scheduling.WAITING ? waiting : parallel;
  }

  @Override
  public TestContext context(Rule rule, Bounds bounds, long seed) {
    return new TestContext(program, bounds, seed);
  }
}
