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
  private final List<String> head = new ArrayList<>();
  private final List<String> tail = new ArrayList<>();
  private long leftOut;

  synchronized void add(String subject, String event) {
    String line = "%9.3f ms  %-4s %s".formatted((System.nanoTime() - start) / 1e6, subject, event);
    if (head.size() < HEAD) {
      head.add(line);
      return;
    }
    tail.add(line);
    if (tail.size() > TAIL) {
      tail.removeFirst();
      leftOut++;
    }
  }

  synchronized List<String> lines() {
    List<String> lines = new ArrayList<>(head);
    if (leftOut > 0) {
      lines.add("              … %,d more …".formatted(leftOut));
    }
    lines.addAll(tail);
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
