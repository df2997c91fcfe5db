package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.Client;
import java.util.List;
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
        .containsExactlyElementsOf(Rule.ofClients().stream().map(Rule::id).toList());
  }

  @TestFactory
  Stream<DynamicTest> everyWrongClientIsCaughtByItsRule() {
    return WrongClient.all().stream()
        .map(it -> DynamicTest.dynamicTest(it.rule() + " " + it.name(), () -> demandCaught(it)));
  }

  private static void demandCaught(WrongClient client) throws InterruptedException {
    List<Rule> rule = Rule.matching(Rule.ofClients(), List.of(client.rule()));
    Finding finding = judge(client.client(), rule, IMPATIENT).findings().getFirst();
    assertThat(finding.verdict()).as(finding.toString()).isEqualTo(Verdict.BROKEN);
    assertThat(finding.detail()).contains(client.symptom());
    assertThat(finding.transcript()).isNotEmpty();
  }

  @Test
  void theCorrectTwinKeepsEveryRule() throws Exception {
    Client twin = WrongClient.correctTwin();
    assertThat(judge(twin, Rule.ofClients(), Bounds.STANDARD).findings())
        .allSatisfy(it -> assertThat(it.verdict()).as(it.toString()).isEqualTo(Verdict.KEPT));
  }

  private static Report judge(Client client, List<Rule> rules, Bounds bounds)
      throws InterruptedException {
    return new Kit(rules, bounds, 1).judge(client, _ -> {});
  }
}
