package iomodels.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A processor for the servers and another one for this JVM, which loads them; by {@code taskset}
 * (man 1). Two servers that are compared then have the same processor, the same cache, and no
 * neighbour; and a JVM that finds itself on one processor has one event loop and the serial
 * collector, which is what a server in C with one thread can be compared with.
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

  /** Starts something. */
  @FunctionalInterface
  public interface Starter<T> {
    T start() throws IOException, InterruptedException;
  }

  /** Pins this JVM if that can be done; {@link #toString} says what came of it. */
  public static Pinning attempt() throws InterruptedException {
    String allowed;
    try {
      allowed = allowed();
    } catch (IOException e) {
      return none(String.valueOf(e.getMessage()));
    }
    List<Integer> processors = processors(allowed);
    if (processors.size() < 2) {
      return none("there is one processor only");
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

  /** What to put before the command that starts a server. */
  public List<String> prefix() {
    return isInForce() ? prefix(processors.getFirst()) : List.of();
  }

  /** The same for who answers behind a server: on a third processor, or else beside the load. */
  public List<String> upstreamPrefix() {
    return isInForce() ? prefix(processors.get(upstreamIsBesideLoad() ? 1 : 2)) : List.of();
  }

  /** Whether who answers behind a server has its processor in common with the load. */
  public boolean upstreamIsBesideLoad() {
    return processors.size() < 3;
  }

  private static List<String> prefix(int processor) {
    return List.of("taskset", "-c", String.valueOf(processor));
  }

  /**
   * Starts a server that no prefix can be given to, where servers belong: this JVM goes there for
   * as long, since what a process starts stays where it was started.
   */
  public <T> T startServer(Starter<T> starter) throws IOException, InterruptedException {
    if (!isInForce()) {
      return starter.start();
    }
    move(String.valueOf(processors.getFirst()));
    try {
      return starter.start();
    } finally {
      move(String.valueOf(processors.get(1)));
    }
  }

  /** Whether servers and load have a processor each. */
  public boolean isInForce() {
    return !processors.isEmpty();
  }

  /** Who is where, or why not, in words. */
  @Override
  public String toString() {
    return words;
  }

  /** Such as {@code 0-3,6}. */
  private static String allowed() throws IOException {
    String name = "Cpus_allowed_list:";
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name))
        .findFirst()
        .orElseThrow(() -> new IOException("this system does not tell its processors"))
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

  /** All threads that there are; new ones go where their maker is. */
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
      throw new IOException("there is no taskset (Debian: util-linux)", e);
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
      // It stays where it is; nothing but speed depends on it.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
