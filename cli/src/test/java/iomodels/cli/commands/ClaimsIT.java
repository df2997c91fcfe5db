package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.cli.output.MeasurementFiles;
import iomodels.lab.report.Measurements;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests that claims are tested, not their verdicts, which depend on the machine. */
@EnabledOnOs(OS.LINUX)
class ClaimsIT {

  @Test
  void aSentenceIsTestedAndReported(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("claims.json");
    Path html = folder.resolve("claims.html");
    Cli cli =
        Cli.run(
            "claims",
            "--quick",
            "one-blocks-the-rest",
            "one-connection",
            "--json=" + json,
            "--html=" + html);

    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out()).contains("(one-blocks-the-rest)", "(one-connection)");
    Measurements measured = MeasurementFiles.read(json);
    assertThat(measured.claims()).hasSize(2).allSatisfy(it -> assertThat(it.charts()).isNotEmpty());

    Path report = folder.resolve("report.html");
    Path all = folder.resolve("all.json");
    Cli again =
        Cli.run(
            "report", json.toString(), json.toString(), "-o", report.toString(), "--json=" + all);
    assertThat(again.exitCode()).isZero();
    assertThat(again.out()).contains("0 scenarios, 2 claims");
    assertThat(MeasurementFiles.read(all)).isEqualTo(measured);
    assertThat(Files.readString(report)).isEqualTo(Files.readString(html));
  }

  @Test
  void whatIsNoFileOfItsOwnIsNotReplaced(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("real.json"), "");
    Path link = Files.createSymbolicLink(folder.resolve("link.json"), file);
    Cli cli = Cli.run("claims", "linux-only", "--json=" + link);

    assertThat(cli.out()).contains("(linux-only)");
    assertThat(link).isSymbolicLink();
    assertThat(MeasurementFiles.read(file).claims()).hasSize(1);
  }

  @Test
  void allAreListed() {
    Cli cli = Cli.run("claims", "--list");

    assertThat(cli.out()).contains("select-slows-down", "Asynchronous I/O is the fastest of all.");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void whatIsNotThereIsSaid(@TempDir Path folder) throws Exception {
    assertThat(Cli.run("claims", "nonsense").err()).contains("no claim 'nonsense'; there are: ");
    Path broken = Files.writeString(folder.resolve("broken.json"), "{\"machine\": 1");
    assertThat(Cli.run("report", broken.toString()).err()).contains("is not what bench or claims");
    Path other = Files.writeString(folder.resolve("other.json"), "{}");
    assertThat(Cli.run("report", other.toString()).err()).contains("is not what bench or claims");
    assertThat(Cli.run("report", "nowhere.json").err()).contains("there is no file nowhere.json");
    assertThat(Cli.run("report").exitCode()).isEqualTo(2);
  }
}
