package iomodels.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;

/**
 * Bytes from a stranger, made fit for a terminal: UTF-8 whose characters may come in pieces, and
 * control characters, which could move the cursor or worse, as pictures of themselves.
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

  /** Takes these bytes in; returns what has become complete lines. */
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
    out.flip().chars().forEach(c -> held.append(printable((char) c)));
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

  private static char printable(char c) {
    if (c == '\n' || c == '\t') {
      return c;
    } else if (c < 0x20) {
      return (char) (0x2400 + c);
    } else if (c == 0x7F) {
      return '\u2421';
    } else {
      return c < 0xA0 && c > 0x7F ? '\uFFFD' : c;
    }
  }
}
