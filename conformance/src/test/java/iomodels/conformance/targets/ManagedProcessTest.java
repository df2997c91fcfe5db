package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ManagedProcessTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Test
  void linesBeforeTheExpectedOneAreSkipped() throws Exception {
    try (ManagedProcess child = sh("echo '[0.001s] Using Serial'; echo listening 1 -")) {
      assertThat(child.lineBeginning("listening", PATIENCE)).hasValue("listening 1 -");
    }
  }

  @Test
  void outputThatIsOneEndlessLineNeitherStopsTheChildNorFillsTheHeap() throws Exception {
    String mebibytes = "head -c 64m /dev/zero | tr '\\0' x; ";
    try (ManagedProcess child =
        sh(mebibytes + mebibytes.replace("tr '\\0' x", "tr '\\0' x >&2") + "exit 7")) {
      assertThat(child.awaitEnd(PATIENCE)).isTrue();
      assertThat(child.exitCode()).isEqualTo(7);
      assertThat(child.stderrTail()).startsWith("xxx").endsWith("…").hasSizeLessThan(5_000);
      assertThat(child.line(PATIENCE).orElseThrow()).endsWith("…").hasSizeLessThan(5_000);
    }
  }

  @Test
  void unexpectedOutputIsAmongTheFailureDetails() throws Exception {
    try (ManagedProcess child =
        sh("echo 'Terminating due to lack of memory'; echo warning >&2; exit 3")) {
      assertThat(child.lineBeginning("listening", PATIENCE)).isEmpty();
      assertThat(child.failureDetails()).isEqualTo("warning / Terminating due to lack of memory");
    }
  }

  @Test
  void bytesOfALineThatIsCutAreCounted() throws Exception {
    try (ManagedProcess child = sh("head -c 1m /dev/zero | tr '\\0' x >&2")) {
      assertThat(child.stderrTail()).endsWith("…");
      assertThat(child.errorBytes()).isEqualTo(1 << 20);
    }
  }

  @Test
  void whatAJvmSaysAboutItsOptionsIsNoErrorMessage() throws Exception {
    String notes =
        "echo 'Picked up JAVA_TOOL_OPTIONS: -Xmx64m' >&2;"
            + "echo 'Picked up _JAVA_OPTIONS: -Xmx64m' >&2;"
            + "echo 'NOTE: Picked up JDK_JAVA_OPTIONS: -Xmx64m' >&2;";
    try (ManagedProcess silent = sh(notes + "exit 1");
        ManagedProcess speaking = sh(notes + "echo 'connection refused' >&2; exit 1")) {
      assertThat(silent.stderrTail()).isEmpty();
      assertThat(speaking.stderrTail()).isEqualTo("connection refused");
    }
  }

  private static ManagedProcess sh(String script) throws Exception {
    return new ManagedProcess(List.of("/bin/sh", "-c", script));
  }
}
