package iomodels.wrong;

import static iomodels.wrong.WrongProgramsTest.demandCaught;
import static iomodels.wrong.WrongProgramsTest.isNoisy;
import static iomodels.wrong.WrongProgramsTest.rule;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.InJvmProgramTarget;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import iomodels.wrong.program.WrongProgram;
import iomodels.wrong.program.WrongPrograms;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * The kit detects the programs that leave descriptors open. They run in this process one after
 * another, with no other test beside them; those that the kit pauses, and those that write to their
 * standard error, have a process of their own.
 */
@EnabledOnOs(OS.LINUX)
@Isolated
class WrongProgramProcessesIT {

  /** Enough, as a wrong program leaks at least one descriptor for each conversation. */
  private static final Bounds FEWER = Bounds.STANDARD.with(Bound.CLOSES, 200);

  /** The time within which a program may still close its descriptors. */
  private static final Bounds IMPATIENT = FEWER.with(Bound.PATIENCE, 2_000);

  @TestFactory
  Stream<DynamicTest> everyWrongProgramIsCaughtByItsRule() {
    return WrongPrograms.all().stream()
        .filter(WrongProgramsTest::needsAProcess)
        .map(
            it ->
                DynamicTest.dynamicTest(
                    it.rule() + " " + it.name(), () -> demandCaught(it, judgeWrong(it))));
  }

  private static Finding judgeWrong(WrongProgram it) throws IOException, InterruptedException {
    return finding(
        ConcurrentJudge.untilItShows(
            () ->
                isNoisy(it) || rule(it).preconditions().contains(Precondition.PAUSE)
                    ? judgeAlone(it.name(), it.program(), rule(it), IMPATIENT)
                    : judge(it.name(), it.program(), it.starter(), rule(it), IMPATIENT),
            it.symptom()));
  }

  private static Finding finding(Report report) {
    return report.findings().getFirst();
  }

  @Tag("thorough") // In a plain build the programs of the styles keep these rules.
  @TestFactory
  Stream<DynamicTest> theCorrectTwinsLeaveNothingOpen() {
    return Programs.all().stream()
        .map(it -> DynamicTest.dynamicTest(it.name(), () -> demandKept(it)));
  }

  private static void demandKept(Program program) throws IOException, InterruptedException {
    List<Rule> rules =
        Rules.of(program).stream()
            .filter(rule -> rule.preconditions().contains(Precondition.PROCESS))
            .toList();
    assertThat(rules).isNotEmpty();
    for (Rule each : rules) {
      Finding finding =
          finding(
              each.preconditions().contains(Precondition.PAUSE)
                  ? judgeAlone(WrongPrograms.correctStyle(program).style(), program, each, FEWER)
                  : judge("correct", program, WrongPrograms.correctTwin(program), each, FEWER));
      ConcurrentJudge.assumeUndisturbed(finding);
      assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.KEPT);
    }
  }

  /** Judges the program in a process of its own. */
  private static Report judgeAlone(String style, Program program, Rule rule, Bounds bounds)
      throws IOException, InterruptedException {
    StyleProvider provider = WrongPrograms.style(style).orElseThrow();
    try (StyleTarget target = StyleTarget.toBeJudged(provider, program)) {
      return new Kit(List.of(rule), bounds, 1).judge(target, _ -> {});
    }
  }

  private static Report judge(
      String name, Program program, StyleProvider.Starter starter, Rule rule, Bounds bounds)
      throws IOException, InterruptedException {
    try (InJvmProgramTarget target = new InJvmProgramTarget(name, program, starter).alone()) {
      return new Kit(List.of(rule), bounds, 1).judge(target, _ -> {});
    }
  }
}
