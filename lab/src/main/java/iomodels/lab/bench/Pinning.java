package iomodels.lab.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Pins servers to one processor and this JVM, which loads them, to another, with {@code taskset}
 * (man 1). Servers that are compared then share neither processor nor cache with anything else. A
 * JVM on one processor has one event loop and the serial collector, so it is comparable with a
 * single-threaded server in C.
 *
 * <p>Closing it gives this JVM its processors back.
 */
public final class Pinning implements AutoCloseable {

  private static final int TOOL_SECONDS = 10;

  private final List<Integer> processors;
  private final String before;
  private final String words;

  private Pinning(List<Integer> processors, String before, String words) {
    this.processors = processors;
    this.before = before;
    this.words = words;
  }

  /** Starts a process. */
  @FunctionalInterface
  public interface Launch<T> {
    T start() throws IOException, InterruptedException;
  }

  /** Pins this JVM if possible; {@link #toString} gives the processors or the obstacle. */
  public static Pinning attempt() throws InterruptedException {
    String allowed;
    try {
      allowed = allowed();
    } catch (IOException e) {
      return none(String.valueOf(e.getMessage()));
    }
    List<Integer> processors = processors(allowed);
    if (processors.size() < 2) {
      return none("there is only one processor");
    }
    try {
      move(String.valueOf(processors.get(1)));
    } catch (IOException e) {
      return none(String.valueOf(e.getMessage()));
    }
    return new Pinning(
        processors,
        allowed,
        "servers on processor %d, load on processor %d"
            .formatted(processors.getFirst(), processors.get(1)));
  }

  private static Pinning none(String reason) {
    return new Pinning(List.of(), "", "not pinned: " + reason);
  }

  /** Prefix of the command that starts a server. */
  public List<String> prefix() {
    return isInForce() ? prefix(processors.getFirst()) : List.of();
  }

  /** Prefix for an upstream server: a third processor, or else that of the load. */
  public List<String> upstreamPrefix() {
    return isInForce() ? prefix(processors.get(upstreamIsBesideLoad() ? 1 : 2)) : List.of();
  }

  /** Whether an upstream server shares its processor with the load. */
  public boolean upstreamIsBesideLoad() {
    return processors.size() < 3;
  }

  private static List<String> prefix(int processor) {
    return List.of("taskset", "-c", String.valueOf(processor));
  }

  /**
   * Starts a server on the servers' processor without a prefix. A child process inherits its
   * processor, so this JVM moves there until the server is started.
   */
  public <T> T startServer(Launch<T> launch) throws IOException, InterruptedException {
    if (!isInForce()) {
      return launch.start();
    }
    move(String.valueOf(processors.getFirst()));
    try {
      return launch.start();
    } finally {
      move(String.valueOf(processors.get(1)));
    }
  }

  /** Whether servers and load have processors of their own. */
  public boolean isInForce() {
    return !processors.isEmpty();
  }

  /** The processors of servers and load, or why nothing is pinned. */
  @Override
  public String toString() {
    return words;
  }

  /** The processors that this process may use, such as {@code 0-3,6}. */
  private static String allowed() throws IOException {
    String name = "Cpus_allowed_list:";
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name))
        .findFirst()
        .orElseThrow(() -> new IOException("/proc/self/status does not list the processors"))
        .substring(name.length())
        .strip();
  }

  static List<Integer> processors(String list) {
    List<Integer> processors = new ArrayList<>();
    for (String range : list.split(",", -1)) {
      String[] ends = range.split("-", -1);
      int last = Integer.parseInt(ends[ends.length - 1]);
      for (int i = Integer.parseInt(ends[0]); i <= last; i++) {
        processors.add(i);
      }
    }
    return processors;
  }

  /** Moves all threads of this JVM; new threads inherit the processor of their creator. */
  private static void move(String list) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(
                  "taskset", "-a", "-p", "-c", list, String.valueOf(ProcessHandle.current().pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new IOException("taskset is not installed (Debian: util-linux)", e);
    }
    if (!process.waitFor(TOOL_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException("taskset failed");
    }
  }

  @Override
  public void close() {
    if (!isInForce()) {
      return;
    }
    try {
      move(before);
    } catch (IOException _) {
      // This JVM stays pinned, which only makes it slower.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
