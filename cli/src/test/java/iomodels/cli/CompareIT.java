package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

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

/** That it judges, loads and reports; what the figures are is not for a test to say. */
class CompareIT {

  @Test
  void aModelIsJudgedAndLoadedBesideTheYardstick(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("compare.json");
    Cli cli = Cli.run("compare", "blocking-sequential", "--json", json.toString());

    assertThat(cli.out())
        .contains("MODEL", "blocking-sequential")
        .contains("multiples of blocking-threads", "¹ serves one client at a time");
    assertThat(Files.readString(json))
        .contains("\"broken\" : 0", "\"connections\" : 1,", "\"p99\" : {", "\"programs\" : [ ]");
    assertThat(cli.err()).isEmpty();
    assumeThat(cli.out()).as("a machine on which the kit can tell").doesNotContain("no verdict");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void thePagesOfAStyleAreJudgedAsWell() throws InterruptedException {
    List<ComparedPages.Page> pages =
        ComparedPages.of(List.of(StyleProvider.named("virtual-threads").orElseThrow()));
    StringWriter out = new StringWriter();
    try (Progress progress = Progress.of(ComparedPages.steps(pages))) {
      ComparedPages.Row row = ComparedPages.judge(pages.getFirst(), 1, progress);
      ComparedPages.print(new PrintWriter(out), List.of(row));
      assertThat(row.kept() + row.unknown()).isEqualTo(Rules.of(Programs.RELAY).size());
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
      ComparedPages.Page nowhere = ComparedPages.of(List.of(new Nowhere())).getFirst();
      ComparedPages.Row row = ComparedPages.judge(nowhere, 1, progress);
      ComparedPages.print(new PrintWriter(out), List.of(row));
      assertThat(row.failed()).isTrue();
    }
    assertThat(out.toString()).contains("nowhere relay could not be judged: ", "did not come up");
  }

  /** Not on the module path, and so not to be found in the process where it is to be judged. */
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
