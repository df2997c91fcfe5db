package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The kit detects the wrong servers that need a process of their own, started from jars. */
@EnabledOnOs(OS.LINUX)
class WrongServerProcessesIT {

  private static final Bounds IMPATIENT =
      Bounds.STANDARD.with(Bound.PATIENCE, 5_000).with(Bound.CALM, 3_000);

  private record Judged(WrongServer server, CompletableFuture<Finding> finding) {}

  @TestFactory
  Stream<DynamicTest> everyWrongServerIsCaughtByItsRule() {
    Semaphore sideBySide = new Semaphore(3);
    List<Judged> judged =
        WrongServers.all().stream()
            .filter(it -> rule(it).preconditions().contains(Precondition.PROCESS))
            .map(it -> new Judged(it, judging(it, sideBySide)))
            .toList();
    return judged.stream()
        .map(
            it ->
                DynamicTest.dynamicTest(
                    it.server.rule() + " " + it.server.name(),
                    () -> demandCaught(it.server, it.finding.join())));
  }

  private static CompletableFuture<Finding> judging(WrongServer it, Semaphore sideBySide) {
    return ConcurrentJudge.judging(
        () -> new ModelTarget(it.provider(), Optional.empty()),
        rule(it),
        IMPATIENT,
        it.symptom(),
        sideBySide);
  }

  private static void demandCaught(WrongServer server, Finding finding) {
    ConcurrentJudge.assumeUndisturbed(finding);
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(server.symptom());
  }

  @Tag("thorough") // In a plain build the models keep these rules.
  @Test
  void theCorrectTwinKeepsTheRulesOnResources() throws Exception {
    List<Rule> rules =
        Rules.all().stream()
            .filter(rule -> rule.preconditions().contains(Precondition.PROCESS))
            .toList();
    Kit kit = new Kit(rules, Bounds.STANDARD, 1);
    try (ModelTarget target = new ModelTarget(WrongServers.correctTwin(), Optional.empty())) {
      ConcurrentJudge.demandKept(kit.judge(target, _ -> {}).findings(), Precondition.POLLER);
    }
  }

  private static Rule rule(WrongServer server) {
    return Rules.matching(List.of(server.rule())).getFirst();
  }
}
