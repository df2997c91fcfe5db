package iomodels.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Splits a byte stream that arrives in chunks into lines. LF ends a line; a CR before the LF is
 * dropped. The reader does no I/O. It keeps the beginning of an unfinished line, at most {@link
 * #MAX_BYTES}. Not safe for use by several threads.
 */
public final class LineReader {

  /** The maximum length of a line in bytes, without its line end. */
  public static final int MAX_BYTES = 1_024;

  private byte[] begun = new byte[0];

  /** Creates a reader at the start of a stream. */
  public LineReader() {}

  /**
   * Reads up to the end of the next line.
   *
   * @param in bytes from position to limit; the position is advanced past the bytes read
   * @return the line without its line end; empty if the line is not complete: all of {@code in} has
   *     then been read
   * @throws LineTooLongException as soon as a line has more than {@link #MAX_BYTES} bytes
   */
  public Optional<String> next(ByteBuffer in) throws LineTooLongException {
    int start = in.position();
    while (in.hasRemaining()) {
      if (in.get() == '\n') {
        append(in, start, in.position() - 1);
        int length = begun.length;
        if (length > 0 && begun[length - 1] == '\r') {
          length--;
        }
        String line = new String(begun, 0, length, UTF_8);
        begun = new byte[0];
        return Optional.of(line);
      }
    }
    append(in, start, in.position());
    return Optional.empty();
  }

  private void append(ByteBuffer in, int from, int to) throws LineTooLongException {
    int length = to - from;
    if (begun.length + length > MAX_BYTES + 1) {
      throw new LineTooLongException();
    }
    int kept = begun.length;
    begun = Arrays.copyOf(begun, kept + length);
    in.get(from, begun, kept, length);
    int text =
        begun.length > 0 && begun[begun.length - 1] == '\r' ? begun.length - 1 : begun.length;
    if (text > MAX_BYTES) {
      throw new LineTooLongException();
    }
  }
}
