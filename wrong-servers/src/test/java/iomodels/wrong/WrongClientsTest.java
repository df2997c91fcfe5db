package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit detects every wrong client by its rule, and the correct client keeps all rules. */
class WrongClientsTest {

  private static final Bounds IMPATIENT = Bounds.STANDARD.with(Bound.PATIENCE, 5_000);

  /** On a busy machine a fault can be hidden in one try: a socket that is closed still reads. */
  private static final int TRIES = 5;

  @Test
  void everyRuleHasAWrongClientAndEveryWrongClientARule() {
    List<String> broken = WrongClient.all().stream().map(WrongClient::rule).distinct().toList();
    assertThat(broken).containsExactlyElementsOf(Rules.ofClients().stream().map(Rule::id).toList());
  }

  private record Judged(WrongClient client, Future<Finding> finding) {}

  @TestFactory
  Stream<DynamicTest> everyWrongClientIsCaughtByItsRule() {
    Semaphore turns = new Semaphore(8);
    // Starts all before it awaits one: most of them run into a time limit.
    try (ExecutorService sideBySide = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Judged> judged =
          WrongClient.all().stream()
              .map(it -> new Judged(it, sideBySide.submit(() -> judge(it, turns))))
              .toList();
      return judged.stream()
          .map(
              it ->
                  DynamicTest.dynamicTest(
                      it.client.rule() + " " + it.client.name(),
                      () -> demandCaught(it.client, it.finding.get())));
    }
  }

  private static Finding judge(WrongClient client, Semaphore turns)
      throws IOException, InterruptedException {
    List<Rule> rule = Rules.matching(Rules.ofClients(), List.of(client.rule()));
    Kit kit = new Kit(rule, IMPATIENT, 1, TRIES);
    turns.acquire();
    try {
      return ConcurrentJudge.untilItShows(
              () -> kit.judge(client.client(), _ -> {}), client.symptom())
          .findings()
          .getFirst();
    } finally {
      turns.release();
    }
  }

  private static void demandCaught(WrongClient client, Finding finding) {
    ConcurrentJudge.assumeUndisturbed(finding);
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(client.symptom());
    assertThat(finding.transcript()).isNotEmpty();
  }

  @Test
  void theCorrectTwinKeepsEveryRule() throws Exception {
    Kit kit = new Kit(Rules.ofClients(), Bounds.STANDARD, 1);
    ConcurrentJudge.demandKept(kit.judge(WrongClient.correctTwin(), _ -> {}).findings());
  }
}
