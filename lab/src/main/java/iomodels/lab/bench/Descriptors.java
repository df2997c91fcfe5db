package iomodels.lab.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The limit of file descriptors of a process, which the processes that it starts have, too. */
public final class Descriptors {

  /** What a process needs besides its connections. */
  private static final int OWN = 200;

  private static final Pattern SOFT_LIMIT = Pattern.compile("Max open files\\s+(\\d+)\\s.*");

  private Descriptors() {}

  /** How many connections a process can have open at a time, at most; unlimited if unknown. */
  public static int connections() {
    return connections(limits());
  }

  static int connections(List<String> limits) {
    return limits.stream()
        .map(SOFT_LIMIT::matcher)
        .flatMap(it -> it.matches() ? Stream.of(Long.parseLong(it.group(1))) : Stream.empty())
        .map(it -> Math.clamp(it - OWN, 1, Integer.MAX_VALUE))
        .findFirst()
        .orElse(Integer.MAX_VALUE);
  }

  /** The limit that a process needs for so many connections. */
  public static int limitFor(int connections) {
    return connections + OWN;
  }

  private static List<String> limits() {
    try {
      return Files.readAllLines(Path.of("/proc/self/limits"));
    } catch (IOException _) {
      return List.of(); // There is no /proc.
    }
  }
}
