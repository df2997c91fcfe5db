package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A record of what the kit sent and received, with times. Bounded: the middle of a long transcript
 * is left out, and a run of like events is one line. Safe for use by several threads.
 */
final class Transcript {

  private static final int HEAD = 24;
  private static final int TAIL = 24;
  private static final int SHOWN = 32;

  /** Before the number of a client. */
  private static final String NUMBER = "#";

  private final long start = System.nanoTime();
  private final Deque<Run> head = new ArrayDeque<>();
  private final Deque<Run> tail = new ArrayDeque<>();
  private long leftOut;

  /** What happened. Its text is formatted when the transcript is read: most events are left out. */
  private sealed interface Event {

    /** Whether a reader would learn nothing from the other event, except that it happened. */
    boolean isLike(Event other);

    /** The text of a run of this number of like events. */
    String text(long count);
  }

  private record Words(String words) implements Event {

    @Override
    public boolean isLike(Event other) {
      return equals(other);
    }

    @Override
    public String text(long count) {
      return count == 1 ? words : "%,d × %s".formatted(count, words);
    }
  }

  /** Bytes, of which the first are shown. Long ones are like others of their length. */
  private record Bytes(String verb, String first, int length) implements Event {

    @Override
    public boolean isLike(Event other) {
      return other instanceof Bytes(String otherVerb, String otherFirst, int otherLength)
          && verb.equals(otherVerb)
          && length == otherLength
          && (length > SHOWN || first.equals(otherFirst));
    }

    @Override
    public String text(long count) {
      String times = count == 1 ? "" : "%,d × ".formatted(count);
      return "%s %s%s".formatted(verb, times, show(first.getBytes(ISO_8859_1), 0, length));
    }
  }

  /** Like events that follow each other: of one subject, or of numbered ones in their order. */
  private static final class Run {

    private final long begin;
    private final String subject;
    private final Event event;
    private long end;
    private String lastSubject;
    private long count = 1;

    Run(long nanos, String subject, Event event) {
      begin = nanos;
      end = nanos;
      this.subject = subject;
      lastSubject = subject;
      this.event = event;
    }

    /** Takes the event into the run; returns false if it is another one. */
    boolean take(long nanos, String nextSubject, Event next) {
      boolean ofOne = subject.equals(lastSubject) && subject.equals(nextSubject);
      boolean ofSeveral =
          (count == 1 || !subject.equals(lastSubject)) && isNumberAfter(nextSubject);
      if (!event.isLike(next) || !(ofOne || ofSeveral)) {
        return false;
      }
      end = nanos;
      lastSubject = nextSubject;
      count++;
      return true;
    }

    /** Whether the subject is, for instance, #8, and the last one #7. */
    private boolean isNumberAfter(String next) {
      return lastSubject.startsWith(NUMBER)
          && next.equals(NUMBER + (Long.parseLong(lastSubject.substring(NUMBER.length())) + 1));
    }

    @Override
    public String toString() {
      boolean ofOne = subject.equals(lastSubject);
      return "%9.3f ms  %-4s %s%s"
          .formatted(
              begin / 1e6,
              ofOne ? subject : subject + "-" + lastSubject,
              event.text(ofOne ? count : 1),
              count == 1 ? "" : ", until %.3f ms".formatted(end / 1e6));
    }
  }

  void add(String subject, String event) {
    add(subject, new Words(event));
  }

  /** Adds an event with bytes, of which {@link #show} shows the first. */
  void add(String subject, String verb, byte[] bytes, int offset, int length) {
    String first = new String(bytes, offset, Math.min(length, SHOWN), ISO_8859_1);
    add(subject, new Bytes(verb, first, length));
  }

  private synchronized void add(String subject, Event event) {
    long nanos = System.nanoTime() - start;
    Run last = tail.isEmpty() ? head.peekLast() : tail.peekLast();
    if (last != null && last.take(nanos, subject, event)) {
      return;
    }
    Run run = new Run(nanos, subject, event);
    if (head.size() < HEAD) {
      head.add(run);
      return;
    }
    tail.add(run);
    if (tail.size() > TAIL) {
      leftOut += tail.remove().count;
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
