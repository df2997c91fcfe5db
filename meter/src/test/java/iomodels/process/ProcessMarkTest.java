package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessMarkTest {

  private static final int LOOKS = 60;

  /** A process that replaces itself again and again: its environment is often empty. */
  @Test
  void aProcessIsFoundWhileItCallsExec(@TempDir Path folder) throws Exception {
    assumeThat(Files.exists(Path.of("/proc/self/environ"))).isTrue();
    Path script = Files.writeString(folder.resolve("again.sh"), "exec /bin/sh \"$0\"\n");
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", script.toString());
    ProcessMark mark = ProcessMark.on(builder);
    Process process = ChildProcesses.start(builder);
    try {
      for (int i = 0; i < LOOKS; i++) {
        assertThat(mark.processes()).containsExactly(process.toHandle());
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(mark.processes()).isEmpty();
  }
}
