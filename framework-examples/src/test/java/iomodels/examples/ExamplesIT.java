package iomodels.examples;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.service.Services;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Tests that the examples keep the simple rules, and break the rules that they list. */
class ExamplesIT {

  private static final long SEED = 1;

  /** A busy machine can hide a fault. */
  private static final int TRIES = 3;

  private static final List<String> KEPT = List.of("1.01", "1.02", "1.03", "2.03", "2.04", "4.02");

  @Test
  void namesAreFound() {
    assertThat(Examples.all())
        .allSatisfy(it -> assertThat(Examples.named(it.name())).contains(it))
        .allSatisfy(
            it -> assertThat(new Hidden().named("example-" + it.name())).contains(it.provider()));
    assertThat(Examples.named("none")).isEmpty();
  }

  /** Starts all runs before it waits for one. */
  @TestFactory
  Stream<DynamicTest> eachKeepsWhatIsSimpleAndBreaksWhatItLists() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Example example : Examples.all()) {
      FutureTask<List<Finding>> judged = new FutureTask<>(() -> judge(example));
      Thread.ofVirtual().start(judged);
      tests.add(DynamicTest.dynamicTest(example.name(), () -> demand(judged.get())));
    }
    return tests.stream();
  }

  private static List<Finding> judge(Example example) throws Exception {
    try (ModelTarget target = target(example)) {
      Kit kept = new Kit(Rules.matching(KEPT), Bounds.STANDARD, SEED);
      Kit broken =
          new Kit(Rules.matching(example.broken()), Bounds.STANDARD, SEED, TRIES).withoutRepeats();
      return Stream.concat(
              kept.judge(target, _ -> {}).findings().stream(),
              broken.judge(target, _ -> {}).findings().stream())
          .toList();
    }
  }

  private static void demand(List<Finding> findings) {
    assertThat(findings)
        .hasSizeGreaterThan(KEPT.size())
        .allSatisfy(it -> assertThat(it.verdict()).as(it.toString()).isIn(expected(it.rule())));
  }

  /** On a busy machine the kit may not be able to tell whether a rule about time is broken. */
  private static Set<Verdict> expected(Rule rule) {
    if (KEPT.contains(rule.id())) {
      return Set.of(Verdict.KEPT);
    }
    return rule.scheduling() == Scheduling.TIMED || rule.scheduling() == Scheduling.WAITING
        ? Set.of(Verdict.BROKEN, Verdict.INCONCLUSIVE)
        : Set.of(Verdict.BROKEN);
  }

  private static ModelTarget target(Example example) {
    return new ModelTarget(example.provider(), Optional.empty()).serving(Services.UPPER);
  }
}
