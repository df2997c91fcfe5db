package iomodels.cli.output;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;

/**
 * Makes untrusted text safe for a terminal. Characters that control the terminal (control
 * characters, changes of direction, line separators, tags) are replaced by symbols or code points:
 * they could move the cursor, hide text, or show it in another order.
 */
public final class TerminalText {

  /** A longer line is shown in pieces of this many characters. */
  private static final int LONGEST = 64 * 1024;

  private final CharsetDecoder decoder =
      UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final StringBuilder held = new StringBuilder();
  private ByteBuffer undecoded = ByteBuffer.allocate(0);

  /** Decodes more UTF-8, in which characters may be split; returns the lines that are complete. */
  public String completeLines(byte[] bytes, int length) {
    ByteBuffer in =
        ByteBuffer.allocate(undecoded.remaining() + length)
            .put(undecoded)
            .put(bytes, 0, length)
            .flip();
    // At most one char per byte; one more for an incomplete character.
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, false);
    undecoded = in;
    held.append(safe(out.flip().toString()));
    int end = held.length() > LONGEST ? held.length() : held.lastIndexOf("\n") + 1;
    return take(end);
  }

  /** Returns the incomplete line. */
  public String rest() {
    return take(held.length());
  }

  private String take(int end) {
    String text = held.substring(0, end);
    held.delete(0, end);
    return text;
  }

  /** Replaces characters that control a terminal, except line feeds and tabs. */
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
                safe.append((char) (0x2400 + c)); // Unicode has symbols for these.
              } else if (c == 0x7F) {
                safe.append('\u2421');
              } else {
                safe.append("<U+%04X>".formatted(c));
              }
            });
    return safe.toString();
  }

  /** Escapes characters that control a terminal; the JSON means the same. */
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

  /** Whether a terminal only shows or ignores the character. */
  static boolean isSafe(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL -> c == '\n' || c == '\t';
      // Joiners are part of emoji and scripts; the two marks affect only neighbouring characters.
      case Character.FORMAT -> c >= 0x200C && c <= 0x200F;
      case Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> false;
      default -> true;
    };
  }
}
