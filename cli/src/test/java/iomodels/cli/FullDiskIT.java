package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.output.ExitCode;
import java.io.File;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A failed write to standard output is reported, and is no success. */
@Timeout(60)
class FullDiskIT {

  private static final File FULL = new File("/dev/full");

  @Test
  void standardOutputThatTakesNothingIsAFailure() throws Exception {
    assumeThat(FULL).exists();
    Process list = list().redirectOutput(FULL).start();
    try {
      assertThat(list.errorReader().lines())
          .anyMatch(line -> line.contains("standard output could not be written"));
      assertThat(list.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(list.exitValue()).isEqualTo(ExitCode.UNUSABLE);
    } finally {
      list.destroyForcibly();
    }
  }

  /** As with {@code head}, which exits after some lines. */
  @Test
  void aReaderWhoHasGoneIsNoFailure() throws Exception {
    Process list = list().start();
    try {
      list.getInputStream().close();
      assertThat(list.errorReader().lines()).noneMatch(line -> line.startsWith("iomodels:"));
      assertThat(list.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(list.exitValue()).isZero();
    } finally {
      list.destroyForcibly();
    }
  }

  private static ProcessBuilder list() {
    return new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--module-path=" + System.getProperty("jdk.module.path"),
        "--module=iomodels.cli/iomodels.cli.Main",
        "list",
        "--json");
  }
}
