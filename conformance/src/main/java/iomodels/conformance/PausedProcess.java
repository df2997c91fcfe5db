package iomodels.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A process and its descendants, suspended by SIGSTOP. The kernel still completes connections and
 * receives data for them. Closing this object resumes them. For use by one thread.
 */
public final class PausedProcess implements AutoCloseable {

  private static final long POLL_INTERVAL_MILLIS = 5;

  /** States in {@code /proc}: stopped, traced, zombie, dead. */
  private static final String NOT_RUNNING = "TZXx";

  private static final Path PROC = Path.of("/proc");

  private final List<String> pids;
  private boolean resumed;

  private PausedProcess(List<String> pids) {
    this.pids = pids;
  }

  /**
   * Suspends the processes, and waits until none of their threads runs.
   *
   * @throws IOException if they cannot be suspended
   */
  static PausedProcess of(ProcessHandle process, Duration patience)
      throws IOException, InterruptedException {
    List<String> pids =
        Stream.concat(Stream.of(process), process.descendants())
            .map(it -> String.valueOf(it.pid()))
            .toList();
    PausedProcess paused = new PausedProcess(pids);
    try {
      paused.signal("-STOP");
      long deadline = System.nanoTime() + patience.toNanos();
      while (paused.anyRuns()) {
        if (System.nanoTime() - deadline > 0) {
          throw new Inconclusive("process %s does not stop running".formatted(pids));
        }
        TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      }
      return paused;
    } catch (IOException | InterruptedException e) {
      paused.close();
      throw e;
    }
  }

  /** Sends a signal with the shell's built-in {@code kill}; an installed one may be missing. */
  private void signal(String name) throws IOException {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "kill \"$@\"", "sh", name));
    command.addAll(pids);
    int code = new ProcessBuilder(command).start().onExit().join().exitValue();
    // A descendant may have ended by itself in the meantime.
    if (code != 0 && (!isThere(pids.getFirst()) || pids.stream().allMatch(it -> isThere(it)))) {
      throw new Inconclusive("kill %s %s: exit code %d".formatted(name, pids, code));
    }
  }

  private static boolean isThere(String pid) {
    return ProcessHandle.of(Long.parseLong(pid)).isPresent();
  }

  private boolean anyRuns() throws IOException {
    for (String pid : pids) {
      try (Stream<Path> tasks = Files.list(PROC.resolve(pid).resolve("task"))) {
        for (Path each : tasks.toList()) {
          if (runs(each)) {
            return true;
          }
        }
      } catch (NoSuchFileException | UncheckedIOException _) {
        // The process has ended. If it still exists, only a thread ended: look again.
        if (Files.exists(PROC.resolve(pid).resolve("task"))) {
          return true;
        }
      }
    }
    return false;
  }

  /** A thread that has ended in the meantime does not run. */
  private static boolean runs(Path task) throws IOException {
    try {
      String stat = Files.readString(task.resolve("stat"));
      return NOT_RUNNING.indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) < 0;
    } catch (NoSuchFileException _) {
      return false;
    } catch (IOException e) {
      if (Files.exists(task)) { // ESRCH: the thread ended between open and read.
        throw e;
      }
      return false;
    }
  }

  /** Resumes the processes; further calls do nothing. */
  public void resume() throws IOException {
    if (!resumed) {
      resumed = true;
      signal("-CONT");
    }
  }

  @Override
  public void close() throws IOException {
    resume();
  }
}
