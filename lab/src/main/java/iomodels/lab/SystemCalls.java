package iomodels.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which system calls a server makes for a message, and how many of each, counted by {@code strace
 * -c} (man 1) over one round. A server that is traced is many times slower: its batches differ from
 * those it makes in freedom, where one wake-up may serve fewer messages or more.
 */
public final class SystemCalls {

  private static final int STRACE_SECONDS = 30;

  /** {@code % time, seconds, usecs/call, calls, errors (may be blank), syscall}. */
  private static final Pattern LINE =
      Pattern.compile("\\s*[\\d.]+\\s+[\\d.]+\\s+\\d+\\s+(\\d+)\\s+(?:\\d+\\s+)?(\\w+)");

  private SystemCalls() {}

  /**
   * Calls per message by name, the most frequent first.
   *
   * @throws IOException if there is no strace, or it may not trace that process
   */
  public static Map<String, Double> perMessage(
      ProcessHandle process, LoadGenerator generator, Duration round)
      throws IOException, LoadException, InterruptedException {
    Path output = Files.createTempFile("iomodels-strace", ".txt");
    output.toFile().deleteOnExit(); // should the user be tired of waiting
    try {
      Process strace = attach(process, output);
      long messages;
      try {
        messages = generator.round(round).answered();
      } finally {
        detach(strace);
      }
      return parse(Files.readString(output), messages);
    } finally {
      Files.delete(output);
    }
  }

  private static Process attach(ProcessHandle process, Path output)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("strace", "-f", "-c", "-S", "calls", "-o", output.toString()));
    // With -f it follows the children that are yet to be born, and they are all it follows.
    Stream.concat(Stream.of(process), process.descendants())
        .forEach(it -> command.addAll(List.of("-p", String.valueOf(it.pid()))));
    Process strace;
    try {
      strace = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new IOException("there is no strace here", e);
    }
    BufferedReader words = strace.inputReader();
    String said = words.readLine();
    if (said == null || !said.contains("attached")) {
      strace.destroyForcibly().waitFor();
      throw new IOException("strace cannot trace it: " + said);
    }
    Thread.ofVirtual().start(() -> drain(words));
    return strace;
  }

  /** What else it says, of each thread, must not fill the pipe. */
  private static void drain(BufferedReader words) {
    try (words) {
      words.transferTo(Writer.nullWriter());
    } catch (IOException _) {
      // It was closed with the process.
    }
  }

  /** SIGTERM makes it let go of the server, and write what it has counted. */
  private static void detach(Process strace) throws IOException, InterruptedException {
    strace.destroy();
    if (!strace.waitFor(STRACE_SECONDS, TimeUnit.SECONDS)) {
      strace.destroyForcibly();
      throw new IOException("strace did not come to an end");
    }
  }

  static Map<String, Double> parse(String table, long messages) {
    Map<String, Double> calls = new LinkedHashMap<>();
    table
        .lines()
        .map(LINE::matcher)
        .filter(it -> it.matches() && !it.group(2).equals("total"))
        .forEach(it -> calls.put(it.group(2), Double.parseDouble(it.group(1)) / messages));
    return calls;
  }
}
