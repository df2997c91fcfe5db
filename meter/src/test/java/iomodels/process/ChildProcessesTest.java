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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChildProcessesTest {

  /** A shell and its child; both ignore SIGTERM. */
  private static final String STUBBORN = "trap '' TERM; sleep 600 & echo $!; wait";

  private static final String WITHOUT_WATCHDOG = "without-watchdog";

  @Test
  void childrenDoNotOutliveAKilledJvm() throws Exception {
    assertThatEndsAfter(ProcessHandle::destroyForcibly);
  }

  @Test
  void childrenDoNotOutliveATerminatedJvm() throws Exception {
    assertThatEndsAfter(ProcessHandle::destroy);
  }

  @Test
  void aNewWatchdogTakesOverTheProcessesOfTheFormerOne() throws Exception {
    assertThatEndsAfter(ProcessHandle::destroyForcibly, WITHOUT_WATCHDOG);
  }

  private static void assertThatEndsAfter(Consumer<ProcessHandle> end, String... arguments)
      throws Exception {
    assumeThat(Files.exists(Path.of("/bin/sh"))).isTrue();
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            "target/classes:target/test-classes",
            ChildProcessesTest.class.getName());
    Process parent =
        new ProcessBuilder(Stream.concat(command.stream(), Stream.of(arguments)).toList())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader output = parent.inputReader()) {
      ProcessHandle child = handle(String.valueOf(output.readLine()));
      List<ProcessHandle> below = List.of(child, handle(String.valueOf(output.readLine())));

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

  /** The parent process: prints the pids of its child and grandchild. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Process child = ChildProcesses.start(new ProcessBuilder("/bin/sh", "-c", STUBBORN));
    String grandchild = child.inputReader().readLine();
    if (List.of(arguments).contains(WITHOUT_WATCHDOG)) {
      ProcessHandle watchdog =
          ProcessHandle.current()
              .children()
              .filter(it -> it.pid() != child.pid())
              .findFirst()
              .orElseThrow();
      watchdog.destroyForcibly();
      watchdog.onExit().join();
      ChildProcesses.start(new ProcessBuilder("sleep", "60"));
    }
    System.out.println(child.pid());
    System.out.println(grandchild);
    child.waitFor();
  }
}
