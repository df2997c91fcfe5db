package iomodels.site;

import iomodels.lab.trace.SystemCalls;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * A call in a recorded trace, or several consecutive calls as one. Times are in microseconds.
 *
 * @param thread index of the thread that made it
 * @param names the names of the calls
 * @param kind {@code wait}, {@code copy}, {@code ask}, {@code park} or {@code other}
 * @param client name of the client whose connection it was, or empty
 * @param times how many calls these are
 */
record TracedCall(
    int thread,
    long start,
    long duration,
    long waited,
    List<String> names,
    String arguments,
    String result,
    String kind,
    String client,
    int times) {

  private static final Pattern BOTH_WAYS = Pattern.compile("(\\d+) in, (\\d+) out");
  private static final Pattern ONE_WAY = Pattern.compile("\\d+");

  static TracedCall of(int thread, JsonNode row) {
    return new TracedCall(
        thread,
        row.path(0).asLong(0),
        row.path(1).asLong(0),
        row.path(2).asLong(0),
        List.of(row.path(3).asString("").split(", ")),
        row.path(4).asString(""),
        row.path(5).asString(""),
        row.path(6).asString(""),
        row.path(7).asString(""),
        row.path(8).asInt(1));
  }

  long end() {
    return start + duration;
  }

  /** When it stopped waiting: the first of its two phases ends. */
  long ready() {
    return start + waited;
  }

  /**
   * Whether it waited for data, for room or for readiness, rather than for another thread. Several
   * calls as one wait and copy in turns: they count as what they are for.
   */
  boolean isWaiting() {
    return waited > 0 && !kind.equals("park") && (times == 1 || kind.equals("wait"));
  }

  /** Whether it had returned before the end of the record. */
  boolean isFinished() {
    return !result.equals("?");
  }

  /** How many bytes it took from the server's receive buffer. */
  long in() {
    return bytes(1, SystemCalls.READS);
  }

  /** How many bytes it put into the server's send buffer. */
  long out() {
    return bytes(2, SystemCalls.WRITES);
  }

  private long bytes(int group, Set<String> calls) {
    if (!kind.equals("copy") || arguments.contains("MSG_PEEK")) {
      return 0;
    }
    Matcher bothWays = BOTH_WAYS.matcher(result);
    if (bothWays.matches()) {
      return Long.parseLong(bothWays.group(group));
    }
    boolean isOfThem = names.stream().anyMatch(calls::contains);
    return isOfThem && ONE_WAY.matcher(result).matches() ? Long.parseLong(result) : 0;
  }
}
