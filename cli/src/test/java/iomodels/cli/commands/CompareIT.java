package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.cli.output.ProgramTable;
import iomodels.cli.output.Progress;
import iomodels.cli.targets.ProgramPages;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that {@code compare} judges, loads and reports, not the figures. */
class CompareIT {

  @Test
  void aModelIsJudgedAndLoadedBesideTheYardstick(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("compare.json");
    Cli cli = Cli.run("compare", "blocking-sequential", "--json", json.toString());

    assertThat(cli.out())
        .contains("MODEL", "blocking-sequential")
        .contains("multiples of blocking-threads", "¹ serves one client at a time");
    assertThat(Files.readString(json))
        .contains("\"broken\" : 0", "\"connections\" : 1,", "\"p99\" : {", "\"programs\" : [ ]")
        .containsPattern("\"inconclusive\" : \\d+,\\s+\"errors\" : \\d+")
        .contains("\"inconclusiveRules\" : [", "\"errorRules\" : [");
    assertThat(cli.err()).isEmpty();
    assumeThat(cli.out()).as("a machine on which the kit can tell").doesNotContain("no verdict");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void thePagesOfAStyleAreJudgedAsWell() throws InterruptedException {
    List<ProgramPages.Page> pages =
        ProgramPages.of(List.of(StyleProvider.named("virtual-threads").orElseThrow()));
    StringWriter out = new StringWriter();
    try (Progress progress = Progress.of(ProgramPages.steps(pages))) {
      ProgramTable.Row row = ProgramPages.judge(pages.getFirst(), 1, progress);
      print(out, pages, row);
      assertThat(row.kept() + row.inconclusive() + row.errors())
          .isEqualTo(Rules.of(Programs.RELAY).size());
      assertThat(row.failed()).isFalse();
    }
    assertThat(out.toString())
        .contains(
            "PROGRAM", "THREADS", "relay    virtual-threads", pages.getFirst().it().threads());
  }

  @Test
  void aPageThatDoesNotStartIsARow() throws InterruptedException {
    StringWriter out = new StringWriter();
    try (Progress progress = Progress.of(1)) {
      List<ProgramPages.Page> pages = ProgramPages.of(List.of(new Nowhere()));
      ProgramTable.Row row = ProgramPages.judge(pages.getFirst(), 1, progress);
      print(out, pages, row);
      assertThat(row.failed()).isTrue();
    }
    assertThat(out.toString()).contains("nowhere relay could not be judged: ", "did not come up");
  }

  private static void print(StringWriter out, List<ProgramPages.Page> pages, ProgramTable.Row row) {
    ProgramTable table = ProgramPages.table(new PrintWriter(out), pages, Integer.MAX_VALUE);
    table.head();
    table.row(row);
    table.explain();
  }

  /** A style that is not on the module path: the process that judges it cannot find it. */
  private static final class Nowhere implements StyleProvider {

    @Override
    public String style() {
      return "nowhere";
    }

    @Override
    public String summary() {
      return "It cannot be started";
    }

    @Override
    public List<Page> pages() {
      Starter starter =
          _ -> {
            throw new IOException("never");
          };
      return List.of(new Page(Programs.RELAY, Server.class, "none", starter));
    }
  }
}
