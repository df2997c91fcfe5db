package iomodels.conformance;

import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.meter.CostMeter;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;

/** A program, which is started anew for each rule, since each rule has its own upstreams. */
record ProgramExamination(
    ProgramTarget program, Map<Precondition, String> unmet, Semaphore parallel, Semaphore waiting)
    implements Examination {

  private static final int PARALLEL = 4;

  ProgramExamination(ProgramTarget program, Set<Precondition> waived) {
    this(program, unmet(program, waived), new Semaphore(PARALLEL), new Semaphore(PARALLEL));
  }

  private static Map<Precondition, String> unmet(ProgramTarget program, Set<Precondition> waived) {
    Map<Precondition, String> unmet = new EnumMap<>(Precondition.class);
    if (CostMeter.of(ProcessHandle.current()).isEmpty()) {
      unmet.put(Precondition.PROCESS, Precondition.NO_PROC);
    }
    Map<Precondition, Boolean> met =
        Map.of(
            Precondition.PAUSE, program.launchesAlone(),
            Precondition.PROCESS, program.launchesProcesses(),
            Precondition.LIFE, program.launchable(),
            Precondition.DEADLINE, program.launchable(),
            Precondition.FOLDER, program.launchable());
    met.forEach(
        (precondition, isMet) -> {
          if (!isMet) {
            unmet.put(precondition, precondition.reasonToSkip());
          }
        });
    waived.forEach(it -> unmet.put(it, it.reasonIfWaived()));
    return unmet;
  }

  @Override
  public String reasonToSkip(Rule rule) {
    return rule.preconditions().stream()
        .sorted()
        .filter(unmet::containsKey)
        .findFirst()
        .map(unmet::get)
        .orElse("");
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
