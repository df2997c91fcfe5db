package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.List;

/**
 * A record of what the kit sent and received, with times. Bounded: the middle of a long transcript
 * is left out. Safe for use by several threads.
 */
final class Transcript {

  private static final int HEAD = 24;
  private static final int TAIL = 24;
  private static final int SHOWN = 32;

  private final long start = System.nanoTime();
  private final List<Entry> head = new ArrayList<>();
  private final List<Entry> tail = new ArrayList<>();
  private long leftOut;

  /** An event, which is formatted only when it is shown: most are not. */
  private record Entry(double millis, String subject, String event) {

    String line() {
      return "%9.3f ms  %-4s %s".formatted(millis, subject, event);
    }
  }

  synchronized void add(String subject, String event) {
    Entry entry = new Entry((System.nanoTime() - start) / 1e6, subject, event);
    if (head.size() < HEAD) {
      head.add(entry);
      return;
    }
    tail.add(entry);
    if (tail.size() > TAIL) {
      tail.removeFirst();
      leftOut++;
    }
  }

  synchronized List<String> lines() {
    List<String> lines = new ArrayList<>();
    head.forEach(it -> lines.add(it.line()));
    if (leftOut > 0) {
      lines.add("              … %,d more …".formatted(leftOut));
    }
    tail.forEach(it -> lines.add(it.line()));
    return List.copyOf(lines);
  }

  /** Formats bytes: their number, and the first of them, escaped. */
  static String show(byte[] bytes, int offset, int length) {
    StringBuilder text = new StringBuilder();
    for (char c : new String(bytes, offset, Math.min(length, SHOWN), ISO_8859_1).toCharArray()) {
      switch (c) {
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '"', '\\' -> text.append('\\').append(c);
        default ->
            text.append(c >= ' ' && c < 0x7F ? String.valueOf(c) : "\\x%02X".formatted((int) c));
      }
    }
    return "%,d byte%s \"%s\"%s"
        .formatted(length, length == 1 ? "" : "s", text, length > SHOWN ? "…" : "");
  }
}
