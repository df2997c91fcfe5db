package iomodels.lab.bench;

import iomodels.lab.load.LoadException;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.tools.StraceAttachment;
import iomodels.process.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Counts a server's system calls per message over one round, with {@code strace -c} (man 1). A
 * traced server is many times slower, so its batches differ: a wake-up may serve more messages or
 * fewer than without strace.
 */
public final class SystemCalls {

  /** {@code % time, seconds, usecs/call, calls, errors (may be blank), syscall}. */
  private static final Pattern LINE =
      Pattern.compile("\\s*[\\d.]+\\s+[\\d.]+\\s+\\d+\\s+(\\d+)\\s+(?:\\d+\\s+)?(\\w+)");

  private SystemCalls() {}

  /**
   * Calls per message by name, the most frequent first.
   *
   * @throws IOException if strace is missing, or may not trace the process
   */
  public static Map<String, Double> perMessage(
      ProcessHandle process, LoadGenerator generator, Duration round)
      throws IOException, LoadException, InterruptedException {
    try (TemporaryFolder folder = TemporaryFolder.create("strace")) {
      Path output = folder.resolve("calls.txt");
      long messages;
      try (StraceAttachment strace = StraceAttachment.to(process, output, "-c", "-S", "calls")) {
        messages = generator.round(round).answered();
        strace.detach();
      }
      return parse(Files.readString(output), messages);
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
