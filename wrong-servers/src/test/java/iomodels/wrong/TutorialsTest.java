package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Rule;
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

/** The tutorials' servers break exactly the rules that they list. */
class TutorialsTest {

  /** Slow: with a backlog of five, many clients lose SYN segments, which costs seconds each. */
  private static final Set<String> MANY_CLIENTS = Set.of("4.03", "6.02", "6.03", "6.07");

  /** Smaller, as each polling server keeps a core busy. */
  private static final Bounds SMALLER =
      Bounds.STANDARD.with(Bound.VOLUME, 8 << 20).with(Bound.CLIENTS_IN_TURN, 200);

  /** Shorter, for rules that are known to be broken: the kit waits until the limits expire. */
  private static final Bounds IMPATIENT =
      SMALLER.with(Bound.PATIENCE, 4_000).with(Bound.CLOSE, 1_000);

  @Test
  void namesAreFound() {
    assertThat(Tutorials.all())
        .allSatisfy(it -> assertThat(Tutorials.named(it.name())).contains(it))
        .allSatisfy(it -> assertThat(it.provider().card().name()).isEqualTo(it.name()))
        .allSatisfy(it -> assertThat(Rules.all()).extracting(Rule::id).containsAll(it.broken()));
    assertThat(Tutorials.named("tutorial-none")).isEmpty();
  }

  @TestFactory
  Stream<DynamicTest> eachBreaksExactlyItsRules() {
    return tests(id -> !MANY_CLIENTS.contains(id));
  }

  @TestFactory
  @Tag("thorough")
  Stream<DynamicTest> eachBreaksExactlyItsRulesWithManyClients() {
    return tests(MANY_CLIENTS::contains);
  }

  private static Stream<DynamicTest> tests(Predicate<String> tried) {
    Semaphore sideBySide = new Semaphore(6);
    // Starts all before it awaits one.
    List<DynamicTest> tests = new ArrayList<>();
    for (Tutorial tutorial : Tutorials.all()) {
      List<CompletableFuture<Finding>> judged =
          Rules.all().stream()
              .filter(rule -> tried.test(rule.id()) && !tutorial.atTimes().contains(rule.id()))
              .map(rule -> judging(tutorial, rule, sideBySide))
              .toList();
      tests.add(
          DynamicTest.dynamicTest(
              tutorial.name(), () -> demand(tutorial, judged, tried, sideBySide)));
    }
    return tests.stream();
  }

  private static CompletableFuture<Finding> judging(
      Tutorial tutorial, Rule rule, Semaphore sideBySide) {
    return tutorial.broken().contains(rule.id())
        ? ConcurrentJudge.judging(tutorial.provider(), rule, IMPATIENT, sideBySide)
        : ConcurrentJudge.judgingWithRepeats(tutorial.provider(), rule, SMALLER, sideBySide);
  }

  /**
   * A surprise counts if it comes back with a new server: such a server dies of a reset, and so of
   * a try that the machine disturbed.
   */
  private static void demand(
      Tutorial tutorial,
      List<CompletableFuture<Finding>> judged,
      Predicate<String> tried,
      Semaphore sideBySide) {
    List<String> listed = tutorial.broken().stream().filter(tried).toList();
    List<Finding> surprises =
        judged.stream()
            .map(CompletableFuture::join)
            .filter(it -> isSurprise(it, listed))
            .map(it -> judging(tutorial, it.rule(), sideBySide).join())
            .filter(it -> isSurprise(it, listed))
            .toList();
    assertThat(surprises).isEmpty();
  }

  /** The machine may have kept the kit from telling that a rule is broken. */
  private static boolean isSurprise(Finding finding, List<String> listed) {
    boolean broken = finding.verdict() == Verdict.BROKEN;
    return ConcurrentJudge.isUndisturbed(finding) && broken != listed.contains(finding.rule().id());
  }
}
