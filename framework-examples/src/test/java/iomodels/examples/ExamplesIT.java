package iomodels.examples;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.service.Services;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Tests that the examples keep the simple rules, and break the rules that they list. */
class ExamplesIT {

  private static final long SEED = 1;
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
    List<String> tried = Stream.concat(KEPT.stream(), example.broken().stream()).toList();
    try (ModelTarget target = target(example)) {
      return new Kit(Rules.matching(tried), Bounds.STANDARD, SEED)
          .withoutRepeats()
          .judge(target, _ -> {})
          .findings();
    }
  }

  private static void demand(List<Finding> findings) {
    assertThat(findings)
        .hasSizeGreaterThan(KEPT.size())
        .allSatisfy(
            it ->
                assertThat(it.verdict())
                    .as(it.toString())
                    .isEqualTo(KEPT.contains(it.rule().id()) ? Verdict.KEPT : Verdict.BROKEN));
  }

  private static ModelTarget target(Example example) {
    return new ModelTarget(example.provider(), Optional.empty()).serving(Services.UPPER);
  }
}
