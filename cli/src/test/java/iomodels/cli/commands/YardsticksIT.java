package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.lab.bench.Yardstick;
import iomodels.program.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The servers in C keep the rules, too; otherwise the comparison would not be fair. */
@EnabledOnOs(OS.LINUX)
class YardsticksIT {

  /** A server that waits for readiness, and one that waits for completion. */
  @ParameterizedTest
  @ValueSource(strings = {"epoll", "io_uring"})
  void keepsTheRulesOfBytesStreamsAndClients(String name, @TempDir Path folder) throws Exception {
    demandKept(name, folder);
  }

  static Stream<String> others() {
    return Yardstick.names().stream().filter(name -> !Set.of("epoll", "io_uring").contains(name));
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("others")
  void soDoTheOthers(String name, @TempDir Path folder) throws Exception {
    demandKept(name, folder);
  }

  @Test
  void soDoesTheRelayThoseOfRelays(@TempDir Path folder) throws Exception {
    compile(Yardstick.RELAY, folder);
    // It is started on a free port that it chooses itself, which cannot be its upstream's (11.14).
    List<Rule> rules =
        Rules.of(Programs.RELAY).stream().filter(it -> !it.id().equals("11.14")).toList();
    try (RelayInC relay = new RelayInC()) {
      Report report = new Kit(rules, Bounds.STANDARD, System.nanoTime()).judge(relay, _ -> {});

      assertThat(report.findings())
          .as("%s", report.findings())
          .hasSameSizeAs(rules)
          .allMatch(it -> it.verdict() == Verdict.KEPT);
    }
  }

  private static void demandKept(String name, Path folder) throws Exception {
    Path program = compile(name, folder);
    Cli cli =
        Cli.run(
            "conform",
            "--exec",
            program + " {port}",
            "--rule=1",
            "--rule=2",
            "--rule=4.02",
            "--rule=4.03",
            "--rule=4.04",
            "--rule=4.05",
            "--rule=6");

    assertThat(cli.out()).contains(" 0 broken, ", " 0 inconclusive, 0 errors", ": it conforms");
    assertThat(cli.exitCode()).isZero();
  }

  private static Path compile(String name, Path folder) throws InterruptedException {
    try {
      return Yardstick.compile(name, folder);
    } catch (IOException e) {
      return Assumptions.abort(String.valueOf(e.getMessage()));
    }
  }
}
