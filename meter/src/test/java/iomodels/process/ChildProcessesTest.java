package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChildProcessesTest {

  /** A child and a grandchild, both of which ignore SIGTERM. */
  private static final String STUBBORN = "trap '' TERM; sleep 600 & echo $!; wait";

  @Test
  void whatAKilledJvmHasStartedDoesNotOutliveIt() throws Exception {
    assertThatEndsAfter(ProcessHandle::destroyForcibly);
  }

  @Test
  void whatAnEndingJvmHasStartedDoesNotOutliveIt() throws Exception {
    assertThatEndsAfter(ProcessHandle::destroy);
  }

  private static void assertThatEndsAfter(Consumer<ProcessHandle> end) throws Exception {
    assumeThat(Files.exists(Path.of("/bin/sh"))).isTrue();
    Process parent =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                "target/classes:target/test-classes",
                ChildProcessesTest.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said = parent.inputReader()) {
      ProcessHandle child = handle(String.valueOf(said.readLine()));
      List<ProcessHandle> below = List.of(child, handle(String.valueOf(said.readLine())));

      assertThat(below).allMatch(ProcessHandle::isAlive);
      end.accept(parent.toHandle());
      for (ProcessHandle each : below) {
        each.onExit().get(30, TimeUnit.SECONDS);
      }
    } finally {
      parent.destroyForcibly();
    }
  }

  private static ProcessHandle handle(String pid) {
    return ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
  }

  /** The parent: it says the pids of what is below it. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Process child = ChildProcesses.start(new ProcessBuilder("/bin/sh", "-c", STUBBORN));
    System.out.println(child.pid());
    System.out.println(child.inputReader().readLine());
    child.waitFor();
  }
}
