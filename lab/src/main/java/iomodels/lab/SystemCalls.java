package iomodels.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Which system calls a server makes for a message, and how many of each, counted by {@code strace
 * -c} (man 1) over one round. A server that is traced is many times slower: its batches differ from
 * those it makes in freedom, where one wake-up may serve fewer messages or more.
 */
public final class SystemCalls {

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
      long messages;
      Attached strace = Attached.to(process, output, "-c", "-S", "calls");
      try {
        messages = generator.round(round).answered();
      } finally {
        strace.detach();
      }
      return parse(Files.readString(output), messages);
    } finally {
      Files.delete(output);
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
