package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/**
 * The session of {@link Services#LINES}. Its state is an incomplete line or an unfinished reply.
 */
final class Lines implements Session {

  static final int MAX_LINE = 8192;

  private static final byte LF = '\n';
  private static final int FIRST_CAPACITY = 128;
  private static final byte[] TOO_LONG = "ERR line too long\n".getBytes(US_ASCII);
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private enum State {
    /** {@code line} is being filled with the beginning of a line, already upper-cased. */
    READING,
    /** {@code line} is being written to the output. */
    REPLYING,
    /** {@code line} is being written to the output, and the session then finishes. */
    REPLYING_LAST
  }

  private State state = State.READING;
  private ByteBuffer line = EMPTY;

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    while (true) {
      if (state == State.READING) {
        if (in.hasRemaining()) {
          readLine(in, out);
        } else if (endOfInput) {
          reply(State.REPLYING_LAST);
        } else {
          return Progress.UNDERFLOW;
        }
      } else {
        drainInto(out);
        if (line.hasRemaining()) {
          return Progress.OVERFLOW;
        }
        if (state == State.REPLYING_LAST) {
          line = EMPTY;
          return Progress.FINISHED;
        }
        line.clear();
        state = State.READING;
      }
    }
  }

  /**
   * Consumes input up to the end of the line, or all of it. A complete line that fits into {@code
   * out} is copied there directly.
   */
  private void readLine(ByteBuffer in, ByteBuffer out) {
    int length = lengthOfLine(in);
    boolean complete = in.get(in.position() + length - 1) == LF;
    if (line.position() + length - (complete ? 1 : 0) > MAX_LINE) {
      line = ByteBuffer.wrap(TOO_LONG).position(TOO_LONG.length);
      reply(State.REPLYING_LAST);
    } else if (complete && line.position() == 0 && length <= out.remaining()) {
      Upper.copy(in, out, length);
    } else {
      append(in, length);
      if (complete) {
        reply(State.REPLYING);
      }
    }
  }

  /** The number of bytes in {@code in} that belong to this line, including its LF. */
  private int lengthOfLine(ByteBuffer in) {
    int start = in.position();
    int end = Math.min(in.limit(), start + MAX_LINE + 1 - line.position());
    for (int i = start; i < end; i++) {
      if (in.get(i) == LF) {
        return i + 1 - start;
      }
    }
    return end - start;
  }

  private void append(ByteBuffer in, int length) {
    if (line.remaining() < length) {
      int needed = line.position() + length;
      int capacity = Math.max(FIRST_CAPACITY, Integer.highestOneBit(needed - 1) << 1);
      line = ByteBuffer.allocate(capacity).put(line.flip());
    }
    Upper.copy(in, line, length);
  }

  private void reply(State next) {
    line.flip();
    state = next;
  }

  private void drainInto(ByteBuffer out) {
    int length = Math.min(line.remaining(), out.remaining());
    out.put(out.position(), line, line.position(), length);
    out.position(out.position() + length);
    line.position(line.position() + length);
  }
}
