package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.wrong.tutorial.Tutorial;
import iomodels.wrong.tutorial.Tutorials;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The tutorials' servers break just the rules that they are said to break. */
class TutorialsTest {

  /** With a backlog of five, a crowd of clients means lost SYN segments, and seconds each time. */
  private static final Set<String> CROWDED = Set.of("4.03", "6.02", "6.03", "6.07");

  /** Pollers want a processor each. */
  private static final Bounds SMALLER =
      Bounds.STANDARD.with(Bound.VOLUME, 8 << 20).with(Bound.CLIENTS_IN_TURN, 200);

  @Test
  void namesAreFound() {
    assertThat(Tutorials.all())
        .allSatisfy(it -> assertThat(Tutorials.named(it.name())).contains(it))
        .allSatisfy(it -> assertThat(it.provider().card().name()).isEqualTo(it.name()));
    assertThat(Tutorials.named("tutorial-none")).isEmpty();
  }

  @TestFactory
  Stream<DynamicTest> eachBreaksJustTheRulesThatItLists() {
    return tests(id -> !CROWDED.contains(id));
  }

  @TestFactory
  @Tag("thorough")
  Stream<DynamicTest> soItDoesInACrowd() {
    return tests(CROWDED::contains);
  }

  private static Stream<DynamicTest> tests(Predicate<String> tried) {
    Semaphore sideBySide = new Semaphore(6);
    // All are on their way before one is awaited.
    List<DynamicTest> tests = new ArrayList<>();
    for (Tutorial tutorial : Tutorials.all()) {
      List<CompletableFuture<Finding>> judged =
          Rules.all().stream()
              .filter(rule -> tried.test(rule.id()))
              .map(rule -> Jury.judging(tutorial.provider(), rule, SMALLER, sideBySide))
              .toList();
      tests.add(DynamicTest.dynamicTest(tutorial.name(), () -> demand(tutorial, judged, tried)));
    }
    return tests.stream();
  }

  private static void demand(
      Tutorial tutorial, List<CompletableFuture<Finding>> judged, Predicate<String> tried) {
    List<Finding> broken =
        judged.stream()
            .map(CompletableFuture::join)
            .filter(finding -> finding.verdict() == Verdict.BROKEN)
            .filter(finding -> !tutorial.atTimes().contains(finding.rule().id()))
            .toList();
    assertThat(broken)
        .extracting(finding -> finding.rule().id())
        .as(broken.toString())
        .containsExactlyElementsOf(tutorial.broken().stream().filter(tried).toList());
  }
}
