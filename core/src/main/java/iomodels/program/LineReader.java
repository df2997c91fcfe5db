package iomodels.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Finds lines in what comes in pieces: LF ends one, a CR before it is dropped. Free of I/O; what it
 * keeps is the beginning of one line. For use by one thread at a time.
 */
public final class LineReader {

  /** How many bytes a line may have, its end not counted. */
  public static final int MAX_BYTES = 1_024;

  private byte[] begun = new byte[0];

  /** Nothing has come yet. */
  public LineReader() {}

  /**
   * Takes from {@code in} to the end of the next line.
   *
   * @return the line without its end; empty if there is none yet, and then all of {@code in} has
   *     been taken
   * @throws LineTooLongException once one has more than {@link #MAX_BYTES}
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
