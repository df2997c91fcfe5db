package iomodels.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;

/**
 * Text from a stranger, made fit for a terminal. Characters that a terminal obeys instead of
 * showing them (controls, changes of direction, line separators, tags) become pictures or numbers
 * of themselves: they could move the cursor, hide what follows, or show it in another order.
 */
final class TerminalText {

  /** A line that never ends is shown in pieces of this many characters. */
  private static final int LONGEST = 64 * 1024;

  private final CharsetDecoder decoder =
      UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final StringBuilder held = new StringBuilder();
  private ByteBuffer undecoded = ByteBuffer.allocate(0);

  /**
   * Takes UTF-8 in, whose characters may come in pieces; returns what has become complete lines.
   */
  String completeLines(byte[] bytes, int length) {
    ByteBuffer in =
        ByteBuffer.allocate(undecoded.remaining() + length)
            .put(undecoded)
            .put(bytes, 0, length)
            .flip();
    // A char for each byte at most; one byte of an unfinished character may become one, too.
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, false);
    undecoded = in;
    held.append(safe(out.flip().toString()));
    int end = held.length() > LONGEST ? held.length() : held.lastIndexOf("\n") + 1;
    return take(end);
  }

  /** What is left, although its line is not complete. */
  String rest() {
    return take(held.length());
  }

  private String take(int end) {
    String text = held.substring(0, end);
    held.delete(0, end);
    return text;
  }

  /** The same text with nothing in it that a terminal obeys, but for line feeds and tabs. */
  static String safe(String text) {
    if (text.codePoints().allMatch(TerminalText::isSafe)) {
      return text;
    }
    StringBuilder safe = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (isSafe(c)) {
                safe.appendCodePoint(c);
              } else if (c < 0x20) {
                safe.append((char) (0x2400 + c)); // Unicode has pictures of these.
              } else if (c == 0x7F) {
                safe.append('\u2421');
              } else {
                safe.append("<U+%04X>".formatted(c));
              }
            });
    return safe.toString();
  }

  /** The same JSON: what a terminal would obey is escaped, as JSON may do in its strings. */
  static String safeJson(String json) {
    if (json.codePoints().allMatch(TerminalText::isSafe)) {
      return json;
    }
    StringBuilder safe = new StringBuilder();
    json.codePoints()
        .forEach(
            c -> {
              if (isSafe(c) || c == '\r') {
                safe.appendCodePoint(c);
              } else {
                for (char each : Character.toChars(c)) {
                  safe.append("\\u%04x".formatted((int) each));
                }
              }
            });
    return safe.toString();
  }

  /** Whether a terminal shows it, or leaves it out, without doing anything else. */
  static boolean isSafe(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL -> c == '\n' || c == '\t';
      // Joiners belong to emoji and to scripts; the two marks order only what is beside them.
      case Character.FORMAT -> c >= 0x200C && c <= 0x200F;
      case Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> false;
      default -> true;
    };
  }
}
