package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.InJvmProgramTarget;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.wrong.program.WrongProgram;
import iomodels.wrong.program.WrongPrograms;
import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit detects every wrong program by its rule, and the correct twins keep all rules. */
class WrongProgramsTest {

  private static final long SEED = 1;
  private static final int TRIES = 5;

  /** Short limits, since wrong servers let the kit wait until they expire. */
  private static final Bounds IMPATIENT =
      Bounds.STANDARD
          .with(Bound.PATIENCE, 3_000)
          .with(Bound.CLOSE, 1_000)
          .with(Bound.CLIENTS, 300)
          .with(Bound.STOP, 5_000);

  @Test
  void everyRuleHasAWrongProgramAndEveryWrongProgramARule() {
    List<String> rules =
        Programs.all().stream().flatMap(it -> Rules.of(it).stream()).map(Rule::id).toList();
    List<String> broken = WrongPrograms.all().stream().map(WrongProgram::rule).distinct().toList();
    assertThat(broken).containsExactlyElementsOf(rules);
    assertThat(WrongPrograms.all())
        .allSatisfy(it -> assertThat(rule(it).protocol()).isEqualTo(it.program()));
  }

  @Test
  void namesAreDistinctAndFound() {
    assertThat(WrongPrograms.all()).extracting(WrongProgram::name).doesNotHaveDuplicates();
    assertThat(WrongPrograms.all())
        .allSatisfy(it -> assertThat(WrongPrograms.named(it.name())).contains(it))
        .allSatisfy(it -> assertThat(it.name()).startsWith(it.program().name() + "-"))
        .allSatisfy(it -> assertThat(it.fault()).endsWith("."));
    assertThat(WrongPrograms.named("no-such-program")).isEmpty();
  }

  private record Judged(WrongProgram program, CompletableFuture<Finding> finding) {}

  @TestFactory
  Stream<DynamicTest> everyWrongProgramIsCaughtByItsRule() {
    Semaphore sideBySide = new Semaphore(12);
    // Starts the slowest first, and all before it awaits one.
    List<Judged> judged =
        inThisJvm()
            .sorted(Comparator.comparing(it -> rule(it).scheduling() != Scheduling.TIMED))
            .map(it -> new Judged(it, judging(it, sideBySide)))
            .toList();
    return judged.stream()
        .map(
            it ->
                DynamicTest.dynamicTest(
                    it.program.rule() + " " + it.program.name(),
                    () -> demandCaught(it.program, it.finding.join())));
  }

  /** {@link WrongProgramProcessesIT} judges the others, which need a process of their own. */
  private static Stream<WrongProgram> inThisJvm() {
    return WrongPrograms.all().stream().filter(it -> !needsAProcess(it));
  }

  static boolean needsAProcess(WrongProgram it) {
    return rule(it).preconditions().contains(Precondition.PROCESS) || isNoisy(it);
  }

  /** Returns whether the fault is what the program writes to its own standard error. */
  static boolean isNoisy(WrongProgram it) {
    return it.symptom().contains("standard error");
  }

  private static CompletableFuture<Finding> judging(WrongProgram it, Semaphore sideBySide) {
    return ConcurrentJudge.judging(
        () -> new InJvmProgramTarget(it.name(), it.program(), it.starter()),
        rule(it),
        IMPATIENT,
        TRIES,
        it.symptom(),
        sideBySide);
  }

  static void demandCaught(WrongProgram program, Finding finding) {
    ConcurrentJudge.assumeUndisturbed(finding);
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(program.symptom());
  }

  @TestFactory
  Stream<DynamicTest> theCorrectTwinsKeepEveryRule() {
    // Starts all before it awaits one.
    Map<Program, CompletableFuture<Report>> judged = new LinkedHashMap<>();
    for (Program program : Programs.all()) {
      judged.put(program, ConcurrentJudge.reporting(() -> judgeCorrectTwin(program)));
    }
    return judged.entrySet().stream()
        .map(
            it ->
                DynamicTest.dynamicTest(
                    it.getKey().name(),
                    () ->
                        ConcurrentJudge.demandKept(
                            it.getValue().join().findings(), Precondition.PROCESS)));
  }

  private static Report judgeCorrectTwin(Program program) throws IOException, InterruptedException {
    Kit kit = new Kit(Rules.of(program), Bounds.STANDARD.with(Bound.CLIENTS, 300), SEED);
    try (InJvmProgramTarget target =
        new InJvmProgramTarget("correct", program, WrongPrograms.correctTwin(program))) {
      return kit.judge(target, _ -> {});
    }
  }

  static Rule rule(WrongProgram program) {
    return Rules.matching(Rules.of(program.program()), List.of(program.rule())).getFirst();
  }
}
