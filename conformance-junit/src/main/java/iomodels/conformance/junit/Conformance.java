package iomodels.conformance.junit;

import static java.util.stream.Collectors.groupingBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.ServerStarter;
import iomodels.conformance.targets.StarterTarget;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;

/**
 * The conformance kit as JUnit tests. The conformance test of a module is
 *
 * {@snippet :
 * @TestFactory
 * Stream<DynamicNode> everyModelConforms() {
 *   return Conformance.tests();
 * }
 * }
 */
public final class Conformance {

  /** The permitted skips and breaks, in the module's folder. */
  private static final Path EXPECTED = Path.of("expected-skips.txt");

  /** The system property that demands all rules for all transports. */
  private static final String THOROUGH = "iomodels.thorough";

  /** Reasons to skip a rule because this machine lacks something. */
  private static final Set<String> OF_THIS_MACHINE =
      Set.of(Rule.Precondition.NO_PROC, Rule.Precondition.IPV6.reasonToSkip());

  /** The rules about the end of conversations and servers. */
  private static final List<Rule> WHERE_TRANSPORTS_DIFFER = Rules.matching(List.of("4", "9"));

  private Conformance() {}

  /**
   * Returns a container for each model on the module path and each of its available transports,
   * with a test for each rule. The test's name is the rule's sentence. A rule that is skipped or
   * broken fails unless {@code expected-skips.txt} lists it; a line there that is no longer true
   * fails, too.
   *
   * <p>Only the default transport is tested by all rules. The others are tested with one model, as
   * the models of a module share their transports, and by the rules on which transports differ. The
   * rules use {@link Bounds#QUICK}. If the system property {@code iomodels.thorough} is true, every
   * model is tested by all rules on each transport, with {@link Bounds#STANDARD}.
   */
  public static Stream<DynamicNode> tests() {
    Expectations expected = Expectations.read(EXPECTED);
    List<ServerProvider> providers = ServerProvider.installed();
    if (providers.isEmpty()) {
      throw new IllegalStateException("no model is on the module path");
    }
    List<Stream<DynamicNode>> tests = new ArrayList<>();
    for (ServerProvider each : providers) {
      boolean all = isThorough() || each.equals(providers.getFirst());
      tests.add(tests(each, all, expected));
    }
    return tests.stream().flatMap(it -> it);
  }

  /**
   * Returns a container for each style on the module path and each of its programs, with a test for
   * each rule. A rule that is skipped or broken fails unless {@code expected-skips.txt} lists it.
   */
  public static Stream<DynamicNode> ofPrograms() {
    List<StyleProvider> styles = StyleProvider.installed();
    if (styles.isEmpty()) {
      throw new IllegalStateException("no style is on the module path");
    }
    Expectations expected = Expectations.read(EXPECTED);
    List<DynamicNode> nodes = new ArrayList<>();
    for (StyleProvider style : styles) {
      style.pages().forEach(page -> nodes.add(tests(style, page.program(), expected)));
    }
    return nodes.stream();
  }

  /**
   * Returns a test for each rule that a server of any Java project can be tested by, and one for
   * the verdict. The server runs in this JVM, so rules about a process are skipped. A broken SHOULD
   * does not fail. The conformance test of an echo server is
   *
   * {@snippet :
   * @TestFactory
   * Stream<DynamicTest> conforms() {
   *   return Conformance.ofServer("echo", EchoServer::new);
   * }
   * }
   *
   * @param service the name of its service, of those in {@link Services}
   * @param starter starts the server on a port of 127.0.0.1
   * @param ids only these rules, such as {@code 4.01}, and sections, such as {@code 4}
   */
  public static Stream<DynamicTest> ofServer(String service, ServerStarter starter, String... ids) {
    Service served =
        Services.named(service)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "unknown service \"%s\"; there are: %s"
                            .formatted(service, Services.all())));
    List<Rule> selected = ids.length == 0 ? Rules.all() : Rules.matching(List.of(ids));
    List<Rule> rules = selected.stream().filter(it -> it.services().contains(served)).toList();
    JudgingRun run =
        new JudgingRun(
            rules,
            Bounds.STANDARD,
            (kit, progress) -> {
              try (StarterTarget target = new StarterTarget(served, starter)) {
                return kit.judge(target, progress);
              }
            });
    run.start();
    Stream<DynamicTest> tests =
        rules.stream()
            .map(
                rule ->
                    dynamicTest(
                        rule.id() + " " + rule.sentence(), () -> conclude(run.finding(rule))));
    DynamicTest end =
        dynamicTest(
            "enough rules were tried to say that it conforms", () -> demandEnough(run.report()));
    return Stream.concat(tests, Stream.of(end));
  }

  private static void conclude(Finding finding) {
    switch (finding.verdict()) {
      case KEPT -> {}
      case SKIPPED, INCONCLUSIVE -> abort(finding.detail());
      case BROKEN, ERROR -> {
        if (finding.verdict() == Verdict.BROKEN && !finding.isFailure(false)) {
          abort(described(finding));
        }
        fail(described(finding));
      }
    }
  }

  private static void demandEnough(Report report) {
    if (!report.isEnough()) {
      fail(
          "%d of %d rules were tried; %s"
              .formatted(report.tried(), report.findings().size(), report.notes()));
    }
  }

  private static DynamicNode tests(StyleProvider style, Program program, Expectations expected) {
    List<Rule> rules = Rules.of(program);
    JudgingRun run =
        new JudgingRun(
            rules,
            bounds(),
            (kit, progress) -> {
              try (StyleTarget target = StyleTarget.toBeJudged(style, program)) {
                Report report = kit.judge(target, progress);
                assertEquals(
                    List.of(), target.unexpectedExits(), "its process has ended by itself");
                return report;
              }
            });
    run.start();
    String name = style.style() + " " + program;
    Stream<DynamicTest> tests =
        rules.stream()
            .map(
                rule ->
                    dynamicTest(
                        rule.id() + " " + rule.sentence(),
                        () -> conclude(name, run.finding(rule), expected)));
    DynamicTest end =
        dynamicTest(
            "was judged, and each line of the expected skips is true",
            () -> {
              demandSomethingKept(run.report());
              expected.demandAllSeen(name, List.of(), run.report().findings());
            });
    return dynamicContainer(name, Stream.concat(tests, Stream.of(end)));
  }

  /** Whether everything is to be tested, however long it takes. */
  static boolean isThorough() {
    return Boolean.getBoolean(THOROUGH);
  }

  private static Bounds bounds() {
    return isThorough() ? Bounds.STANDARD : Bounds.QUICK;
  }

  private static Stream<DynamicNode> tests(
      ServerProvider provider, boolean allTransports, Expectations expected) {
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
      if (!allTransports && !nodes.isEmpty()) {
        break;
      }
      String name = model + " on " + each.getKey();
      if (each.getValue().here()) {
        nodes.add(
            dynamicContainer(name, tests(provider, Optional.of(each.getKey()), rules, expected)));
        rules = isThorough() ? rules : WHERE_TRANSPORTS_DIFFER;
      } else if (allTransports) {
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
    JudgingRun run =
        new JudgingRun(
            tried,
            bounds(),
            (kit, progress) -> {
              try (ModelTarget target = new ModelTarget(provider, transport)) {
                return kit.judge(target, progress);
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
            "was judged, and each line of the expected skips is true",
            () -> {
              demandSomethingKept(run.report());
              expected.demandAllSeen(model, untried, run.report().findings());
            });
    return Stream.concat(rules, Stream.of(end));
  }

  /** Fails if no rule of a section was kept: a section without verdicts is not a success. */
  private static void demandSomethingKept(Report report) {
    report.findings().stream()
        .collect(groupingBy(finding -> finding.rule().section()))
        .forEach(
            (section, findings) -> {
              if (findings.stream()
                  .noneMatch(it -> it.verdict() == Verdict.KEPT || isOfThisMachine(it))) {
                fail("section %d: no rule was kept: %s".formatted(section, findings));
              }
            });
  }

  /**
   * Returns whether a rule is skipped because this machine lacks something, which no list can
   * foresee.
   */
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
              "skipped, which %s does not permit; to permit it, add the line: %s %s %s"
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
}
