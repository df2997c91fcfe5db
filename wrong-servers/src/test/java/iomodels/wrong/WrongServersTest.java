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
import iomodels.conformance.targets.InJvmTarget;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit detects every wrong server by its rule, and the correct twins keep all rules. */
class WrongServersTest {

  private static final long SEED = 1;

  /** Short limits, since wrong servers let the kit wait until they expire. */
  private static final Bounds IMPATIENT =
      Bounds.STANDARD.with(Bound.PATIENCE, 4_000).with(Bound.CLOSE, 1_000).with(Bound.STOP, 6_000);

  @Test
  void everyRuleHasAWrongServerAndEveryWrongServerARule() {
    List<String> rules = Rules.all().stream().map(Rule::id).toList();
    List<String> broken = WrongServers.all().stream().map(WrongServer::rule).distinct().toList();
    assertThat(broken).containsExactlyElementsOf(rules);
  }

  @Test
  void namesAreDistinctAndFound() {
    assertThat(WrongServers.all()).extracting(WrongServer::name).doesNotHaveDuplicates();
    assertThat(WrongServers.all())
        .allSatisfy(it -> assertThat(WrongServers.named(it.name())).contains(it))
        .allSatisfy(it -> assertThat(it.provider().card().name()).isEqualTo(it.name()))
        .allSatisfy(it -> assertThat(it.fault()).endsWith("."));
    assertThat(WrongServers.named("no-such-server")).isEmpty();
  }

  @TestFactory
  Stream<DynamicTest> everyWrongServerIsCaughtByItsRule() {
    Semaphore sideBySide = new Semaphore(12);
    // Starts the slowest first, and all before it awaits one.
    List<Judged> judged =
        inThisJvm()
            .sorted(Comparator.comparing(it -> rule(it).scheduling() != Scheduling.TIMED))
            .map(
                it ->
                    new Judged(
                        it,
                        ConcurrentJudge.judging(
                            () -> new InJvmTarget(it.provider()),
                            rule(it),
                            IMPATIENT,
                            it.symptom(),
                            sideBySide)))
            .toList();
    return judged.stream()
        .map(
            it ->
                DynamicTest.dynamicTest(
                    it.server.rule() + " " + it.server.name(),
                    () -> demandCaught(it.server, it.finding.join())));
  }

  /** {@link WrongServerProcessesIT} judges the others, which need a process of their own. */
  private static Stream<WrongServer> inThisJvm() {
    return WrongServers.all().stream()
        .filter(it -> !rule(it).preconditions().contains(Precondition.PROCESS));
  }

  private record Judged(WrongServer server, CompletableFuture<Finding> finding) {}

  private static void demandCaught(WrongServer server, Finding finding) {
    ConcurrentJudge.assumeUndisturbed(finding);
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(server.symptom());
  }

  @TestFactory
  Stream<DynamicTest> theCorrectTwinsKeepEveryRule() {
    // Starts both before it awaits one.
    CompletableFuture<Report> concurrent = judgingAll(WrongServers.correctTwin());
    CompletableFuture<Report> sequential = judgingAll(WrongServers.sequentialTwin());
    return Stream.of(
        DynamicTest.dynamicTest(
            "concurrent", () -> demandKept(concurrent.join(), Precondition.SEQUENTIAL)),
        DynamicTest.dynamicTest(
            "sequential", () -> demandKept(sequential.join(), Precondition.CONCURRENT)));
  }

  private static CompletableFuture<Report> judgingAll(ServerProvider provider) {
    Kit kit = new Kit(Rules.all(), Bounds.STANDARD, SEED);
    return ConcurrentJudge.reporting(
        () -> {
          try (InJvmTarget target = new InJvmTarget(provider)) {
            return kit.judge(target, _ -> {});
          }
        });
  }

  private static void demandKept(Report report, Precondition unmet) {
    ConcurrentJudge.demandKept(
        report.findings(), unmet, Precondition.PROCESS, Precondition.REPLY_SOURCE);
  }

  /** Counts the rules that each wrong server breaks: best its own rule only. */
  @Test
  @Tag("thorough")
  void score() throws IOException {
    Semaphore sideBySide = new Semaphore(4);
    List<Judged> judged =
        inThisJvm()
            .flatMap(
                it ->
                    Rules.all().stream()
                        .map(
                            rule ->
                                new Judged(
                                    it,
                                    ConcurrentJudge.judging(
                                        it.provider(), rule, IMPATIENT, sideBySide))))
            .toList();
    int alone = 0;
    List<String> others = new ArrayList<>();
    List<WrongServer> servers = inThisJvm().toList();
    for (WrongServer server : servers) {
      List<String> broken =
          judged.stream()
              .filter(it -> it.server.equals(server))
              .map(it -> it.finding.join())
              .filter(finding -> finding.verdict() == Verdict.BROKEN)
              .map(finding -> finding.rule().id())
              .toList();
      assertThat(broken).as(server.name()).contains(server.rule());
      if (broken.size() == 1) {
        alone++;
      } else {
        System.out.printf("%s breaks %s%n", server.name(), broken);
        others.add("- `%s`".formatted(server.name()));
      }
    }
    String sum =
        """
        The faults of %d of them can be detected without looking at their process. Of these, %d break no rule but their own.
        The others break more than one:
        """
            .formatted(servers.size(), alone);
    ContractTest.demand("score", Stream.concat(Stream.of(sum), others.stream()));
  }

  private static Rule rule(WrongServer server) {
    return Rules.matching(List.of(server.rule())).getFirst();
  }
}
