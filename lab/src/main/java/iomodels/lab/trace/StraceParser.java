package iomodels.lab.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Parses the output of {@code strace -ff -ttt -T} (man 1) for one thread, line by line. Skips lines
 * about signals and exits. A call that had not returned has neither result nor duration. A
 * truncated line is skipped and reported by {@link #isCutOff}.
 */
final class StraceParser {

  /** The result of a call that had not returned. */
  static final String NONE = "?";

  private static final Pattern LINE = Pattern.compile("(\\d{1,12})\\.(\\d{6}) (.*)");
  private static final Pattern RESUMED = Pattern.compile("<\\.\\.\\. (\\w+) resumed>(.*)");
  private static final Pattern NAME = Pattern.compile("(\\w+)\\(");

  /** {@code = 5<TCP:[…]>}, {@code = -1 EAGAIN (Resource …)}, {@code = ?}; then the duration. */
  private static final Pattern RESULT =
      Pattern.compile("\\s*= (\\?|-?\\w+)(.*?)(?: <(\\d{1,9})\\.(\\d{6})>)?");

  /** The description of a descriptor: a path may contain any characters. */
  private static final Pattern DESCRIPTION = Pattern.compile("<(?:->|[^<>])*+>");

  private static final Pattern ERROR = Pattern.compile(" (E[A-Z0-9]+)\\b.*");
  private static final int MICROS = 1_000_000;

  private final Consumer<Raw> calls;
  private @Nullable String unfinished;
  private long unfinishedSince;
  private boolean cutOff;

  /**
   * A call as strace writes it.
   *
   * @param start in microseconds since 1970
   * @param duration empty if it had not returned
   * @param result a number, or {@link #NONE}
   * @param words strace's explanation of the result: the name of the error or of the descriptor
   */
  record Raw(
      long start,
      Optional<Long> duration,
      String name,
      String arguments,
      String result,
      String words) {

    /** The name of the error, such as {@code EAGAIN}; empty if there was none. */
    String error() {
      Matcher error = ERROR.matcher(words);
      return error.matches() ? error.group(1) : "";
    }

    /** The returned number; -1 if the call failed or had not returned. */
    long value() {
      return result.matches("\\d{1,18}") ? Long.parseLong(result) : -1;
    }
  }

  /**
   * Creates a parser for one thread.
   *
   * @param calls receives the calls in order
   */
  StraceParser(Consumer<Raw> calls) {
    this.calls = calls;
  }

  static List<Raw> parse(String text) {
    List<Raw> calls = new ArrayList<>();
    StraceParser parser = new StraceParser(calls::add);
    text.lines().forEach(parser::line);
    parser.end();
    return calls;
  }

  void line(String line) {
    Matcher matcher = LINE.matcher(line);
    if (!matcher.matches()) {
      cutOff |= !line.isBlank();
      return;
    }
    long at = Long.parseLong(matcher.group(1)) * MICROS + Long.parseLong(matcher.group(2));
    String rest = matcher.group(3);
    if (rest.startsWith("+++") || rest.startsWith("---")) {
      return;
    }
    Matcher resumed = RESUMED.matcher(rest);
    if (resumed.matches()) {
      String begun = unfinished == null ? resumed.group(1) + "(" : unfinished;
      long since = unfinished == null ? at : unfinishedSince;
      unfinished = null;
      call(since, begun + resumed.group(2));
      return;
    }
    int open = Math.max(rest.indexOf(" <unfinished ...>"), rest.indexOf(" <detached ...>"));
    if (open >= 0) {
      end();
      unfinished = rest.substring(0, open);
      unfinishedSince = at;
      return;
    }
    call(at, rest);
  }

  /** Ends the output: a call in progress has no result. */
  void end() {
    if (unfinished != null) {
      Matcher name = NAME.matcher(unfinished);
      if (name.lookingAt()) {
        String arguments = unfinished.substring(name.end()).strip();
        Raw raw = new Raw(unfinishedSince, Optional.empty(), name.group(1), arguments, NONE, "");
        calls.accept(raw);
      }
      unfinished = null;
    }
  }

  /** Whether a line was truncated. */
  boolean isCutOff() {
    return cutOff;
  }

  private void call(long at, String text) {
    Matcher name = NAME.matcher(text);
    int close = name.lookingAt() ? closing(text, name.end()) : -1;
    Matcher result = RESULT.matcher(close < 0 ? "" : text.substring(close + 1));
    if (close < 0 || !result.matches() || !isWhole(result)) {
      cutOff = true;
      return;
    }
    Optional<Long> duration =
        Optional.ofNullable(result.group(3))
            .map(seconds -> Long.parseLong(seconds) * MICROS + Long.parseLong(result.group(4)));
    calls.accept(
        new Raw(
            at,
            duration,
            name.group(1),
            text.substring(name.end(), close),
            result.group(1),
            result.group(2)));
  }

  /** Whether the line is complete: a call that returned has a duration. */
  private static boolean isWhole(Matcher result) {
    return result.group(3) != null || result.group(1).equals(NONE);
  }

  /** Finds the closing parenthesis, ignoring those in strings and paths. */
  private static int closing(String text, int from) {
    Matcher description = DESCRIPTION.matcher(text);
    int depth = 1;
    boolean quoted = false;
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == '<') {
        description.region(i, text.length());
        i = description.lookingAt() ? description.end() - 1 : i;
      } else if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
        if (depth == 0) {
          return i;
        }
      }
    }
    return -1;
  }
}
