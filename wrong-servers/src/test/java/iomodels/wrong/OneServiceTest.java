package iomodels.wrong;

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
import iomodels.conformance.targets.InJvmTarget;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Targets that provide one service: rules about connections are tested with each of them. */
class OneServiceTest {

  private static final long SEED = 1;
  private static final Bounds IMPATIENT =
      Bounds.STANDARD.with(Bound.PATIENCE, 4_000).with(Bound.CLOSE, 1_000);

  /** Faults that show with one service only, since they are about its bytes or its requests. */
  private static final Set<String> OF_ONE_SERVICE =
      Set.of(
          "waits-for-newline",
          "reorders-deep-pipelines",
          "counts-requests-in-a-byte",
          "pool-of-64",
          "latin-1-upper-casing",
          "utf-8-round-trip");

  /** A right server is kept with each service, whether it claims something or not. */
  @TestFactory
  @Tag("thorough")
  Stream<DynamicTest> theCorrectTwinsKeepEveryRuleWithEachService() {
    return Services.all().stream()
        .flatMap(
            service ->
                Stream.of(WrongServers.correctTwin(), WrongServers.sequentialTwin())
                    .map(
                        twin ->
                            DynamicTest.dynamicTest(
                                "%s of %s".formatted(service.name(), twin.card().name()),
                                () -> demandKept(twin, service))));
  }

  private static void demandKept(ServerProvider provider, Service service) throws Exception {
    Kit kit = new Kit(Rules.all(), Bounds.STANDARD, SEED);
    try (InJvmTarget target = new InJvmTarget(provider)) {
      assertThat(kit.judge(OneService.unclaimed(target, service), _ -> {}).findings())
          .filteredOn(ConcurrentJudge::isUndisturbed)
          .allSatisfy(
              finding ->
                  assertThat(finding.verdict())
                      .as(finding.toString())
                      .isIn(Verdict.KEPT, Verdict.SKIPPED))
          .filteredOn(finding -> finding.verdict() == Verdict.KEPT)
          .hasSizeGreaterThan(20);
    }
  }

  /** A server that is wrong whatever it serves is caught whatever it serves. */
  @TestFactory
  @Tag("thorough")
  Stream<DynamicTest> wrongServersAreCaughtWithEachService() {
    Semaphore sideBySide = new Semaphore(8);
    List<Judged> judged = new ArrayList<>();
    for (WrongServer wrong : WrongServers.all()) {
      Rule rule = Rules.matching(List.of(wrong.rule())).getFirst();
      if (!rule.preconditions().contains(Precondition.PROCESS)
          && !OF_ONE_SERVICE.contains(wrong.name())) {
        for (Service service : rule.services()) {
          CompletableFuture<Finding> finding =
              ConcurrentJudge.judging(
                  () -> OneService.of(new InJvmTarget(wrong.provider()), service),
                  rule,
                  IMPATIENT,
                  "",
                  sideBySide);
          judged.add(new Judged(wrong, service, finding));
        }
      }
    }
    return judged.stream()
        .map(
            it ->
                DynamicTest.dynamicTest(
                    "%s %s of %s".formatted(it.wrong.rule(), it.wrong.name(), it.service.name()),
                    () -> {
                      Finding finding = it.finding.join();
                      ConcurrentJudge.assumeUndisturbed(finding);
                      assertThat(finding.verdict())
                          .as(finding.toString())
                          .isEqualTo(Verdict.BROKEN);
                    }));
  }

  private record Judged(WrongServer wrong, Service service, CompletableFuture<Finding> finding) {}

  @ParameterizedTest
  @ValueSource(strings = {"sends-the-terminator", "skips-blank-requests", "utf-8-round-trip"})
  void anEchoServerThatChangesBytesIsCaught(String name) throws Exception {
    WrongServer wrong = WrongServers.named(name).orElseThrow();
    Kit kit = new Kit(Rules.matching(List.of(wrong.rule())), IMPATIENT, SEED).withoutRepeats();
    try (InJvmTarget target = new InJvmTarget(wrong.provider())) {
      assertThat(kit.judge(OneService.of(target, Services.ECHO), _ -> {}).findings())
          .extracting(Finding::verdict)
          .containsExactly(Verdict.BROKEN);
    }
  }

  /** What a probe does not find is no excuse for lost data; a waiver is one, and is reported. */
  @Test
  void aServerThatLosesDataAtFinIsExcusedOnlyByAWaiver() throws Exception {
    ServerProvider wrong = WrongServers.named("answers-nothing-after-fin").orElseThrow().provider();
    Kit kit = new Kit(Rules.matching(List.of("1.04", "4.01")), IMPATIENT, SEED).withoutRepeats();
    try (InJvmTarget target = new InJvmTarget(wrong)) {
      Report report = kit.judge(OneService.unclaimed(target, Services.UPPER), _ -> {});
      assertThat(report.outcome(false)).isEqualTo(Verdict.BROKEN);
      assertThat(report.findings().getLast().detail()).contains("every client that sent a request");
      assertThat(report.notes())
          .anySatisfy(
              note -> assertThat(note).contains("does not answer a request that FIN follows"));

      Report waived =
          kit.waiving(Set.of(Precondition.HALF_CLOSE))
              .judge(OneService.unclaimed(target, Services.UPPER), _ -> {});
      assertThat(waived.outcome(false)).isEqualTo(Verdict.KEPT);
      assertThat(waived.findings().getLast().detail()).isEqualTo("HALF_CLOSE is waived");
      assertThat(waived.waived()).containsExactly(Precondition.HALF_CLOSE);
    }
  }
}
