package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ManagedProcessTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;

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

  /** As a server with workers does that drain when the parent tells them to, not at SIGTERM. */
  @Test
  void sigtermGoesToTheProcessThatWasStartedAndNotToItsWorkers() throws Exception {
    String worker = "(trap 'echo worker' TERM; echo ready; while sleep 0.05; do :; done)";
    String parent =
        "trap 'echo parent; kill -KILL $pid' TERM; "
            + worker
            + " & pid=$!; echo ready; wait; wait; echo end";
    Path script = Files.writeString(folder.resolve("parent.sh"), parent);
    for (String line : List.of("sh %s", "exec sh %s", "sh %s; true")) {
      try (ManagedProcess child = command(line.formatted(script))) {
        for (int ready = 0; ready < 2; ready++) { // The worker, and the parent that knows its pid.
          assertThat(child.line(PATIENCE)).hasValue("ready");
        }
        child.terminate();
        assertThat(child.awaitEndOfAll(PATIENCE)).isTrue();
        assertThat(child.line(PATIENCE)).hasValue("parent");
        assertThat(child.line(PATIENCE)).hasValue("end");
      }
    }
  }

  /** A script that waits for a command ends at SIGTERM, and does not pass it on. */
  @Test
  void sigtermThenGoesToWhatAScriptLeavesBehind() throws Exception {
    Path stopped = folder.resolve("stopped");
    String server =
        "trap 'sleep 0.3; touch %s; exit' TERM; echo ready; while sleep 0.05; do :; done"
            .formatted(stopped);
    Path script =
        Files.writeString(folder.resolve("start.sh"), "sh -c \"%s\"; true".formatted(server));
    try (ManagedProcess child = command("sh " + script)) {
      assertThat(child.line(PATIENCE)).hasValue("ready");
      child.terminate();
      assertThat(child.awaitEndOfAll(PATIENCE)).isTrue();
      assertThat(stopped).exists();
    }
  }

  @Test
  void whatAProcessSaysWhenItStopsIsRead() throws Exception {
    String server =
        "trap 'echo stopping; sleep 0.3; echo stopped; exit' TERM;"
            + " echo ready; while sleep 0.05; do :; done";
    Path script = Files.writeString(folder.resolve("server.sh"), server);
    for (String line : List.of("exec sh %s", "sh %s; true")) {
      try (ManagedProcess child = command(line.formatted(script))) {
        assertThat(child.line(PATIENCE)).hasValue("ready");
        child.terminate();
        assertThat(child.awaitEndOfAll(PATIENCE)).isTrue();
        assertThat(child.line(PATIENCE)).hasValue("stopping");
        assertThat(child.line(PATIENCE)).hasValue("stopped");
      }
    }
  }

  @Test
  void aCommandHasASessionOfItsOwn() throws Exception {
    assumeThat(Files.exists(Path.of("/proc/self/stat"))).isTrue();
    assumeThat(Files.exists(Path.of("/usr/bin/setsid"))).isTrue();
    String ids = "read -r pid _ _ _ group session _ </proc/$$/stat; echo $pid $group $session";
    try (ManagedProcess child = command(ids)) {
      String[] numbers = child.line(PATIENCE).orElseThrow().split(" ", -1);
      assertThat(numbers).hasSize(3).containsOnly(numbers[0]);
    }
  }

  @Test
  void aDaemonIsFoundAndKilled() throws Exception {
    assumeThat(Files.exists(Path.of("/proc/self/environ"))).isTrue();
    assumeThat(Files.exists(Path.of("/usr/bin/setsid"))).isTrue();
    try (ManagedProcess child = command("setsid sleep 600 >/dev/null 2>&1 & echo $!")) {
      assertThat(child.awaitEnd(PATIENCE)).isTrue();
      ProcessHandle daemon =
          ProcessHandle.of(Long.parseLong(child.line(PATIENCE).orElseThrow())).orElseThrow();
      assertThat(child.leftBehind()).containsExactly(daemon.pid());
      assertThat(child.awaitEndOfAll(Duration.ofMillis(50))).isFalse();
      child.kill();
      assertThat(child.leftBehind()).isEmpty();
      assertThat(child.awaitEndOfAll(PATIENCE)).isTrue();
    }
  }

  private static ManagedProcess command(String line) throws Exception {
    return new ManagedProcess(ManagedProcess.shell(line));
  }

  private static ManagedProcess sh(String script) throws Exception {
    return new ManagedProcess(List.of("/bin/sh", "-c", script));
  }
}
