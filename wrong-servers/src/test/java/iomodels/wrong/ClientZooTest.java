package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.Client;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The kit catches every wrong client by its own rule, and lets the correct one pass. */
class ClientZooTest {

  private static final Bounds IMPATIENT = Bounds.STANDARD.with(Bound.PATIENCE, 3_000);

  @Test
  void everyRuleHasAWrongClientAndEveryWrongClientARule() {
    assertThat(WrongClient.all())
        .extracting(WrongClient::rule)
        .containsExactlyElementsOf(Rules.ofClients().stream().map(Rule::id).toList());
  }

  private record Judged(WrongClient client, Future<Finding> finding) {}

  @TestFactory
  Stream<DynamicTest> everyWrongClientIsCaughtByItsRule() {
    // All are on their way before one is awaited: most of them wait for what never comes.
    try (ExecutorService sideBySide = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Judged> judged =
          WrongClient.all().stream()
              .map(it -> new Judged(it, sideBySide.submit(() -> judge(it))))
              .toList();
      return judged.stream()
          .map(
              it ->
                  DynamicTest.dynamicTest(
                      it.client.rule() + " " + it.client.name(),
                      () -> demandCaught(it.client, it.finding.get())));
    }
  }

  private static Finding judge(WrongClient client) throws IOException, InterruptedException {
    List<Rule> rule = Rules.matching(Rules.ofClients(), List.of(client.rule()));
    return judge(client.client(), rule, IMPATIENT).findings().getFirst();
  }

  private static void demandCaught(WrongClient client, Finding finding) {
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(client.symptom());
    assertThat(finding.transcript()).isNotEmpty();
  }

  @Test
  void theCorrectTwinKeepsEveryRule() throws Exception {
    Client twin = WrongClient.correctTwin();
    assertThat(judge(twin, Rules.ofClients(), Bounds.STANDARD).findings())
        .allSatisfy(it -> assertThat(it.verdict()).as(it.toString()).isEqualTo(Verdict.KEPT));
  }

  private static Report judge(Client client, List<Rule> rules, Bounds bounds)
      throws IOException, InterruptedException {
    return new Kit(rules, bounds, 1).judge(client, _ -> {});
  }
}
