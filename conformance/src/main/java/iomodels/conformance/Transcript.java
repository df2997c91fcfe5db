package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/**
 * A record of what the kit sent and received, with times. Bounded: the middle of a long transcript
 * is left out. Safe for use by several threads.
 */
final class Transcript {

  private static final int HEAD = 24;
  private static final int TAIL = 24;
  private static final int SHOWN = 32;

  private final long start = System.nanoTime();
  private final List<Event> head = new ArrayList<>();
  private final Deque<Event> tail = new ArrayDeque<>();
  private long leftOut;

  /** An event. Its text is formatted when the transcript is read: most events are left out. */
  private record Event(long nanos, String subject, Supplier<String> text) {

    @Override
    public String toString() {
      return "%9.3f ms  %-4s %s".formatted(nanos / 1e6, subject, text.get());
    }
  }

  void add(String subject, String event) {
    add(subject, () -> event);
  }

  /** Adds an event with bytes, of which {@link #show} shows the first. */
  void add(String subject, String verb, byte[] bytes, int offset, int length) {
    byte[] shown = Arrays.copyOfRange(bytes, offset, offset + Math.min(length, SHOWN));
    add(subject, () -> verb + " " + show(shown, 0, length));
  }

  private synchronized void add(String subject, Supplier<String> text) {
    Event event = new Event(System.nanoTime() - start, subject, text);
    if (head.size() < HEAD) {
      head.add(event);
      return;
    }
    tail.add(event);
    if (tail.size() > TAIL) {
      tail.remove();
      leftOut++;
    }
  }

  synchronized List<String> lines() {
    List<String> lines = new ArrayList<>();
    head.forEach(it -> lines.add(it.toString()));
    if (leftOut > 0) {
      lines.add("              … %,d more …".formatted(leftOut));
    }
    tail.forEach(it -> lines.add(it.toString()));
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
