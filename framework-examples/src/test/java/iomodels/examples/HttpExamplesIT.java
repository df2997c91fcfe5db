package iomodels.examples;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that the examples of http keep the simple rules, and break the rules that they list. */
class HttpExamplesIT {

  private static final long SEED = 1;

  /** A busy machine can hide a fault. */
  private static final int TRIES = 3;

  private static final List<String> KEPT =
      List.of("15.02", "15.07", "15.09", "15.14", "15.20", "15.23", "15.41");

  static Stream<ProgramExample> examples() {
    return HttpExamples.all().stream();
  }

  @Test
  void namesAreFound() {
    assertThat(HttpExamples.all())
        .allSatisfy(
            it -> assertThat(new Hidden().style("example-" + it.name())).contains(it.style()));
    assertThat(new Hidden().style("example-none")).isEmpty();
    for (Program program : Programs.all()) {
      assertThat(HttpExamples.of(program))
          .hasSize(program.equals(Programs.HTTP) ? HttpExamples.all().size() : 0);
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void eachServes(ProgramExample example) throws Exception {
    StyleProvider.Page page = example.style().page(Programs.HTTP).orElseThrow();
    try (Server server = page.starter().start(ProgramConfig.onLoopback(List.of()))) {
      String address = "http://127.0.0.1:%d/bytes/70000".formatted(server.address().getPort());
      try (InputStream content = URI.create(address).toURL().openStream()) {
        assertThat(content.readAllBytes()).hasSize(70_000).endsWith((byte) (69_999 % 251));
      }
    }
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("examples")
  void eachKeepsWhatIsSimpleAndBreaksWhatItLists(ProgramExample example) throws Exception {
    List<Rule> all = Rules.of(Programs.HTTP);
    Bounds bounds = Bounds.STANDARD.with(Bound.PATIENCE, 5_000);
    Kit kept = new Kit(Rules.matching(all, KEPT), bounds, SEED);
    Kit broken =
        new Kit(Rules.matching(all, example.broken()), bounds, SEED, TRIES).withoutRepeats();
    List<Finding> findings = new ArrayList<>();
    try (StyleTarget target = StyleTarget.toBeJudged(example.style(), Programs.HTTP)) {
      findings.addAll(kept.judge(target, _ -> {}).findings());
      findings.addAll(broken.judge(target, _ -> {}).findings());
    }
    assertThat(findings)
        .hasSize(KEPT.size() + example.broken().size())
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
}
