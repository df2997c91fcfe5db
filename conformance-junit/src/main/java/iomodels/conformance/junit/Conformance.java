package iomodels.conformance.junit;

import static java.util.stream.Collectors.groupingBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;

/**
 * The kit as JUnit tests: a module's whole conformance test is
 *
 * {@snippet :
 * @TestFactory
 * Stream<DynamicNode> everyModelConforms() {
 *   return Conformance.tests();
 * }
 * }
 */
public final class Conformance {

  /** Every skip and every break that is permitted, in the module's own folder. */
  private static final Path EXPECTED = Path.of("expected-skips.txt");

  /** A system property: whether every transport is tried by every rule. */
  private static final String THOROUGH = "iomodels.thorough";

  /** Why a rule is skipped for what this machine lacks. */
  private static final Set<String> OF_THIS_MACHINE =
      Set.of(Rule.Precondition.NO_PROC, Rule.Precondition.IPV6.otherwise());

  /** How conversations and servers end. */
  private static final List<Rule> WHERE_TRANSPORTS_DIFFER = Rules.matching(List.of("4", "9"));

  /** How many are judged at the same time: most rules wait, and do not compute meanwhile. */
  private static final Semaphore SIDE_BY_SIDE = new Semaphore(3, true);

  private Conformance() {}

  /**
   * A container for each model on the module path and each transport it can run on here, in it a
   * test for each rule, named by the rule's own sentence. A rule that is skipped or broken without
   * being listed in {@code expected-skips.txt} fails; so does a line there that no longer is true.
   * On the transports that come after the best one only the rules are tried on which transports
   * differ, unless the system property {@code iomodels.thorough} is true.
   */
  public static Stream<DynamicNode> tests() {
    Expectations expected = Expectations.read(EXPECTED);
    List<ServerProvider> providers = ServerProvider.installed();
    if (providers.isEmpty()) {
      throw new IllegalStateException("no model is on the module path");
    }
    return providers.stream().map(it -> tests(it, expected)).toList().stream().flatMap(it -> it);
  }

  /**
   * A container for each style on the module path and each program in it, in it a test for each
   * rule. No skip and no break is permitted.
   */
  public static Stream<DynamicNode> ofPrograms() {
    List<StyleProvider> styles = StyleProvider.installed();
    if (styles.isEmpty()) {
      throw new IllegalStateException("no style is on the module path");
    }
    List<DynamicNode> nodes = new ArrayList<>();
    for (StyleProvider style : styles) {
      style.pages().forEach(page -> nodes.add(tests(style, page.program())));
    }
    return nodes.stream();
  }

  private static DynamicNode tests(StyleProvider style, Program program) {
    List<Rule> rules = Rules.of(program);
    Run run =
        new Run(
            rules,
            (kit, heard) -> {
              try (StyleTarget target = StyleTarget.toBeJudged(style, program)) {
                Report report = kit.judge(target, heard);
                assertEquals(
                    List.of(), target.unexpectedExits(), "its process has ended by itself");
                return report;
              }
            });
    run.start();
    String name = style.style() + " " + program;
    Expectations nothing = new Expectations(EXPECTED, List.of());
    Stream<DynamicTest> tests =
        rules.stream()
            .map(
                rule ->
                    dynamicTest(
                        rule.id() + " " + rule.sentence(),
                        () -> conclude(name, run.finding(rule), nothing)));
    DynamicTest end = dynamicTest("was judged", () -> demandSomethingKept(run.report()));
    return dynamicContainer(name, Stream.concat(tests, Stream.of(end)));
  }

  private static Stream<DynamicNode> tests(ServerProvider provider, Expectations expected) {
    String model = provider.card().name();
    Availability availability = provider.availability();
    if (!availability.here()) {
      return Stream.of(dynamicTest(model, () -> abort(availability.reason())));
    }
    List<DynamicNode> nodes = new ArrayList<>();
    if (provider.transports().isEmpty()) {
      nodes.add(dynamicContainer(model, tests(provider, Optional.empty(), Rules.all(), expected)));
    }
    List<Rule> rules = Rules.all();
    for (Map.Entry<Transport, Availability> each : provider.transports().entrySet()) {
      String name = model + " on " + each.getKey();
      if (each.getValue().here()) {
        nodes.add(
            dynamicContainer(name, tests(provider, Optional.of(each.getKey()), rules, expected)));
        rules = Boolean.getBoolean(THOROUGH) ? rules : WHERE_TRANSPORTS_DIFFER;
      } else {
        nodes.add(dynamicTest(name, () -> abort(each.getValue().reason())));
      }
    }
    return nodes.stream();
  }

  private static Stream<DynamicTest> tests(
      ServerProvider provider,
      Optional<Transport> transport,
      List<Rule> tried,
      Expectations expected) {
    String name = provider.card().name();
    String model = transport.map(each -> name + " on " + each).orElse(name);
    List<Rule> untried = Rules.all().stream().filter(rule -> !tried.contains(rule)).toList();
    Run run =
        new Run(
            tried,
            (kit, heard) -> {
              try (ModelTarget target = new ModelTarget(provider, transport)) {
                return kit.judge(target, heard);
              }
            });
    run.start();
    Stream<DynamicTest> rules =
        tried.stream()
            .map(
                rule ->
                    dynamicTest(
                        rule.id() + " " + rule.sentence(),
                        () -> conclude(model, run.finding(rule), expected)));
    DynamicTest end =
        dynamicTest(
            "was judged, and nothing is expected that did not come",
            () -> {
              demandSomethingKept(run.report());
              expected.demandAllSeen(model, untried, run.report().findings());
            });
    return Stream.concat(rules, Stream.of(end));
  }

  /** A section of the rules in which nothing has a verdict is not a success. */
  private static void demandSomethingKept(Report report) {
    report.findings().stream()
        .collect(groupingBy(finding -> finding.rule().section()))
        .forEach(
            (section, findings) -> {
              if (findings.stream()
                  .noneMatch(it -> it.verdict() == Verdict.KEPT || isOfThisMachine(it))) {
                fail("section %d: not one rule was kept: %s".formatted(section, findings));
              }
            });
  }

  /** Whether it is skipped for what this machine lacks: no list can foresee that. */
  private static boolean isOfThisMachine(Finding finding) {
    return finding.verdict() == Verdict.SKIPPED && OF_THIS_MACHINE.contains(finding.detail());
  }

  private static void conclude(String model, Finding finding, Expectations expected) {
    switch (finding.verdict()) {
      case KEPT -> {}
      case BROKEN -> {
        if (expected.permit(model, finding)) {
          abort("known to be broken: " + finding.detail());
        }
        fail(described(finding));
      }
      case INCONCLUSIVE -> abort(finding.detail());
      case ERROR -> fail(described(finding));
      case SKIPPED -> {
        if (!expected.permit(model, finding) && !isOfThisMachine(finding)) {
          fail(
              "skipped, which %s does not permit; if it should: %s %s %s"
                  .formatted(EXPECTED, model, finding.rule().id(), finding.detail()));
        }
        abort(finding.detail());
      }
    }
  }

  private static String described(Finding finding) {
    return "%s %s%n%s%nwhy: %s%n  %s%nseed %d"
        .formatted(
            finding.rule().id(),
            finding.rule().sentence(),
            finding.detail(),
            finding.rule().why(),
            String.join(System.lineSeparator() + "  ", finding.transcript()),
            finding.seed());
  }

  /** Judges something. */
  private interface Judge {
    Report with(Kit kit, Consumer<Finding> heard) throws Exception;
  }

  /** A model or a program that is judged in the background: all are begun before one is awaited. */
  private static final class Run {

    private final List<Rule> rules;
    private final Judge judge;
    private final Map<Rule, CompletableFuture<Finding>> findings = new ConcurrentHashMap<>();
    private final FutureTask<Report> judging = new FutureTask<>(this::judge);

    Run(List<Rule> rules, Judge judge) {
      this.rules = rules;
      this.judge = judge;
    }

    void start() {
      Thread.ofVirtual().start(judging);
    }

    /** What became of that rule; what cannot be judged fails at the first of them. */
    Finding finding(Rule rule) {
      try {
        return pending(rule).join();
      } catch (CompletionException _) {
        return abort("the model could not be judged");
      }
    }

    Report report() throws Exception {
      return judging.get();
    }

    private CompletableFuture<Finding> pending(Rule rule) {
      return findings.computeIfAbsent(rule, _ -> new CompletableFuture<>());
    }

    private Report judge() throws Exception {
      SIDE_BY_SIDE.acquire();
      Kit kit = new Kit(rules, Bounds.STANDARD, System.nanoTime());
      try {
        return judge.with(kit, finding -> pending(finding.rule()).complete(finding));
      } catch (Exception | Error e) {
        rules.forEach(rule -> pending(rule).completeExceptionally(e));
        throw e;
      } finally {
        SIDE_BY_SIDE.release();
      }
    }
  }
}
