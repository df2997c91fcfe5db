package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChildProcessesTest {

  /** A shell and its child; both ignore SIGTERM. */
  private static final String STUBBORN = "trap '' TERM; sleep 600 & echo $!; wait";

  /** The same below a shell that has ended: in a session of its own, as a daemon is. */
  private static final String DAEMON =
      "setsid sh -c \"trap '' TERM; sleep 600 & echo \\$\\$; echo \\$!; wait\" &";

  private static final String WITHOUT_WATCHDOG = "without-watchdog";
  private static final String AS_DAEMON = "as-daemon";

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

  @Test
  void daemonsDoNotOutliveAKilledJvm() throws Exception {
    assumeThat(Files.exists(Path.of("/proc/self/environ"))).isTrue();
    assertThatEndsAfter(ProcessHandle::destroyForcibly, AS_DAEMON);
  }

  @Test
  void daemonsDoNotOutliveATerminatedJvm() throws Exception {
    assumeThat(Files.exists(Path.of("/proc/self/environ"))).isTrue();
    assertThatEndsAfter(ProcessHandle::destroy, AS_DAEMON);
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
        // In a container nobody may wait for an orphan: it then remains as a zombie.
        while (!ProcessMark.hasEnded(each)) {
          TimeUnit.MILLISECONDS.sleep(10);
        }
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
    if (List.of(arguments).contains(AS_DAEMON)) {
      // Not through this JVM: it closes the pipe of a process that has ended, as the shell does.
      ChildProcesses.start(
              new ProcessBuilder("/bin/sh", "-c", DAEMON)
                  .redirectOutput(ProcessBuilder.Redirect.INHERIT))
          .waitFor();
      new CountDownLatch(1).await();
    }
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
