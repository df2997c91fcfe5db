package iomodels.wrong.tutorial;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.InJvmTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The tutorials' servers break just the rules that they are said to break. */
class TutorialsTest {

  private static final Bounds IMPATIENT =
      Bounds.STANDARD.with(Bound.PATIENCE, 2_000).with(Bound.CLOSE, 1_000);

  @Test
  void namesAreFound() {
    assertThat(Tutorials.all())
        .allSatisfy(it -> assertThat(Tutorials.named(it.name())).contains(it))
        .allSatisfy(it -> assertThat(it.provider().card().name()).isEqualTo(it.name()));
  }

  @TestFactory
  Stream<DynamicTest> breaksJustTheRulesThatItLists() {
    return Tutorials.all().stream()
        .map(it -> DynamicTest.dynamicTest(it.name(), () -> demandTrue(it)));
  }

  private static void demandTrue(Tutorial tutorial) throws Exception {
    List<String> broken = new ArrayList<>();
    List<Finding> findings = new ArrayList<>();
    for (Rule rule : Rule.all()) {
      // A server of its own for each rule: what one rule kills is not to be missed by the next.
      try (InJvmTarget target = new InJvmTarget(tutorial.provider())) {
        Kit kit = new Kit(List.of(rule), IMPATIENT, 1);
        findings.addAll(kit.judge(target, _ -> {}).findings());
      }
    }
    for (Finding finding : findings) {
      if (finding.verdict() == Verdict.BROKEN) {
        broken.add(finding.rule().id());
      }
    }
    broken.removeAll(tutorial.atTimes());
    assertThat(broken).as(findings.toString()).containsExactlyElementsOf(tutorial.broken());
  }
}
