package iomodels.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Marks a process and everything that it starts, by a variable of the environment, which child
 * processes inherit. So a process is found even if its parent has ended, or if it has made itself a
 * daemon with a session of its own. Needs Linux's {@code /proc} (proc(5)); elsewhere no process is
 * found. A process with a cleared environment is not found either. Immutable.
 */
public final class ProcessMark {

  /** A mark within another one is appended: {@code A;} or {@code A;B;}. */
  private static final String VARIABLE = "IOMODELS_STARTED_BY";

  private static final String END = ";";
  private static final Path PROC = Path.of("/proc");
  private static final String SHORTEST = "A=";
  private static final int MORE_READS = 20;
  private static final long BETWEEN_READS = TimeUnit.MILLISECONDS.toNanos(1);

  /** The beginning of all marks of this JVM. A pid alone may be used again. */
  private static final String JVM =
      "%d-%x".formatted(ProcessHandle.current().pid(), System.nanoTime());

  private static final AtomicLong NUMBERS = new AtomicLong();

  private final String text;

  private ProcessMark(String text) {
    this.text = text;
  }

  /** Marks the processes that this builder starts from now on, and all that they start. */
  public static ProcessMark on(ProcessBuilder builder) {
    ProcessMark mark = new ProcessMark("%s.%d%s".formatted(JVM, NUMBERS.incrementAndGet(), END));
    Map<String, String> environment = builder.environment();
    environment.merge(VARIABLE, mark.text, String::concat);
    return mark;
  }

  /** The mark of everything that this JVM has started and marked. */
  static ProcessMark ofThisJvm() {
    return new ProcessMark(JVM + ".");
  }

  /** Returns whether a builder's processes are marked as this JVM's. */
  static boolean isOn(ProcessBuilder builder) {
    return builder.environment().getOrDefault(VARIABLE, "").contains(ofThisJvm().text);
  }

  /** Returns the text that is in the environment of each marked process. */
  String text() {
    return text;
  }

  /** Returns the live processes with this mark; zombies are not among them. */
  public List<ProcessHandle> processes() {
    List<Path> found = new ArrayList<>();
    List<Path> changing = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path each : all) {
        String environment = environment(each);
        if (environment.contains(text)) {
          found.add(each);
        } else if (environment.length() < SHORTEST.length() && hasProgram(each)) {
          changing.add(each);
        }
      }
    } catch (IOException _) {
      // There is no /proc on this system.
    }
    // While a process calls execve(2), its environment has no or one byte for a moment.
    for (int i = 0; i < MORE_READS && !changing.isEmpty(); i++) {
      LockSupport.parkNanos(BETWEEN_READS);
      for (Path each : List.copyOf(changing)) {
        String environment = environment(each);
        if (environment.length() >= SHORTEST.length()) {
          changing.remove(each);
        }
        if (environment.contains(text)) {
          found.add(each);
        }
      }
    }
    return found.stream()
        .map(it -> Long.parseLong(it.getFileName().toString()))
        .flatMap(it -> ProcessHandle.of(it).stream())
        .toList();
  }

  /** Returns whether a process runs a program: a kernel thread and a zombie do not. */
  private static boolean hasProgram(Path process) {
    try {
      return !Files.readSymbolicLink(process.resolve("exe")).toString().isEmpty();
    } catch (IOException _) {
      return false;
    }
  }

  private static String environment(Path process) {
    try {
      byte[] environment = Files.readAllBytes(process.resolve("environ"));
      return new String(environment, StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return ""; // It has ended, is a kernel thread, or belongs to another user.
    }
  }

  /**
   * Returns whether a process has ended: a zombie has, even if its parent never waits for it. Until
   * then its sockets may still be open.
   */
  public static boolean hasEnded(ProcessHandle process) {
    if (!process.isAlive()) {
      return true;
    }
    try {
      String stat = Files.readString(PROC.resolve(process.pid() + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) == 'Z';
    } catch (IOException _) {
      return !process.isAlive();
    }
  }
}
