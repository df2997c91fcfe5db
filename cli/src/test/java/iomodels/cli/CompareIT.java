package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        .contains("\"broken\" : 0", "\"connections\" : 1,", "\"p99\" : {");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).as("2: the kit could not tell").isIn(0, 2);
  }
}
