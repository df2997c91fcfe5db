package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.InJvmTarget;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit catches every wrong server by its own rule, and lets the correct twins pass. */
class ZooTest {

  private static final long SEED = 1;

  /** Nobody has to wait long for what never comes. */
  private static final Bounds IMPATIENT =
      Bounds.STANDARD.with(Bound.PATIENCE, 4_000).with(Bound.CLOSE, 1_000);

  @Test
  void everyRuleHasAWrongServerAndEveryWrongServerARule() {
    List<String> rules = Rule.all().stream().map(Rule::id).toList();
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
    Map<WrongServer, CompletableFuture<Finding>> findings = new LinkedHashMap<>();
    Semaphore sideBySide = new Semaphore(12);
    // Those that wait for the longest first.
    WrongServers.all().stream()
        .sorted(Comparator.comparing(it -> !rule(it).needs().contains(Need.TIMED)))
        .forEach(it -> findings.put(it, judging(it.provider(), rule(it), IMPATIENT, sideBySide)));
    return WrongServers.all().stream()
        .map(
            it ->
                DynamicTest.dynamicTest(
                    it.rule() + " " + it.name(), () -> demandCaught(it, findings.get(it).join())));
  }

  private static void demandCaught(WrongServer server, Finding finding) {
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(server.symptom());
  }

  @Test
  void theCorrectTwinKeepsEveryRule() throws Exception {
    demandKept(WrongServers.correctTwin(), Need.SEQUENTIAL);
  }

  @Test
  void theSequentialTwinKeepsEveryRule() throws Exception {
    demandKept(WrongServers.sequentialTwin(), Need.CONCURRENT);
  }

  private static void demandKept(ServerProvider provider, Need unmet) throws Exception {
    Kit kit = new Kit(Rule.all(), Bounds.STANDARD, SEED);
    try (InJvmTarget target = new InJvmTarget(provider)) {
      assertThat(kit.judge(target, _ -> {}).findings())
          .allSatisfy(
              finding ->
                  assertThat(finding.verdict())
                      .as(finding.toString())
                      .isEqualTo(
                          finding.rule().needs().contains(unmet) ? Verdict.SKIPPED : Verdict.KEPT));
    }
  }

  /** Which rules each wrong server breaks: best its own alone, which tells a fault from another. */
  @Test
  @Tag("thorough")
  void score() {
    Semaphore sideBySide = new Semaphore(4);
    Map<WrongServer, Map<Rule, CompletableFuture<Finding>>> all = new LinkedHashMap<>();
    for (WrongServer server : WrongServers.all()) {
      Map<Rule, CompletableFuture<Finding>> findings = new LinkedHashMap<>();
      for (Rule rule : Rule.all()) {
        findings.put(rule, judging(server.provider(), rule, IMPATIENT, sideBySide));
      }
      all.put(server, findings);
    }
    int alone = 0;
    for (WrongServer server : WrongServers.all()) {
      List<String> broken =
          all.get(server).values().stream()
              .map(CompletableFuture::join)
              .filter(finding -> finding.verdict() == Verdict.BROKEN)
              .map(finding -> finding.rule().id())
              .toList();
      System.out.printf("%s %s breaks %s%n", server.rule(), server.name(), broken);
      assertThat(broken).as(server.name()).contains(server.rule());
      alone += broken.size() == 1 ? 1 : 0;
    }
    System.out.printf(
        "caught %d of %d, by their own rule alone %d%n", all.size(), all.size(), alone);
  }

  private static Rule rule(WrongServer server) {
    return Rule.matching(List.of(server.rule())).getFirst();
  }

  /** Judges a server of its own by one rule. */
  private static CompletableFuture<Finding> judging(
      ServerProvider provider, Rule rule, Bounds bounds, Semaphore sideBySide) {
    CompletableFuture<Finding> found = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                sideBySide.acquire();
                try (InJvmTarget target = new InJvmTarget(provider)) {
                  Kit kit = new Kit(List.of(rule), bounds, SEED);
                  found.complete(kit.judge(target, _ -> {}).findings().getFirst());
                } finally {
                  sideBySide.release();
                }
              } catch (IOException | RuntimeException e) {
                found.completeExceptionally(new CompletionException(e));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                found.completeExceptionally(e);
              }
            });
    return found;
  }
}
