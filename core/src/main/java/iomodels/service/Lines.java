package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/** The session of {@link Services#LINES}; its state is the incomplete line. */
final class Lines implements Session {

  static final int MAX_LINE = 8192;

  private static final byte LF = '\n';
  private static final int FIRST_CAPACITY = 128;
  private static final byte[] TOO_LONG = "ERR line too long\n".getBytes(US_ASCII);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private enum State {
    /** {@code held} is filled with the beginning of a line, already upper-cased. */
    LISTENING,
    /** {@code held} is written to the peer. */
    SAYING,
    /** The same, and the conversation then ends. */
    SAYING_THE_LAST
  }

  private State state = State.LISTENING;
  private ByteBuffer held = NOTHING;

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    while (true) {
      if (state == State.LISTENING) {
        if (in.hasRemaining()) {
          listen(in, out);
        } else if (endOfInput) {
          say(State.SAYING_THE_LAST);
        } else {
          return Progress.UNDERFLOW;
        }
      } else {
        drainInto(out);
        if (held.hasRemaining()) {
          return Progress.OVERFLOW;
        }
        if (state == State.SAYING_THE_LAST) {
          held = NOTHING;
          return Progress.FINISHED;
        }
        held.clear();
        state = State.LISTENING;
      }
    }
  }

  /** Consumes the rest of a line, or all there is of it; replies at once to a line that fits. */
  private void listen(ByteBuffer in, ByteBuffer out) {
    int length = lengthOfLine(in);
    boolean complete = in.get(in.position() + length - 1) == LF;
    if (held.position() + length - (complete ? 1 : 0) > MAX_LINE) {
      held = ByteBuffer.wrap(TOO_LONG).position(TOO_LONG.length);
      say(State.SAYING_THE_LAST);
    } else if (complete && held.position() == 0 && length <= out.remaining()) {
      Upper.copy(in, out, length);
    } else {
      hold(in, length);
      if (complete) {
        say(State.SAYING);
      }
    }
  }

  /** The number of bytes in {@code in} that belong to this line, including its LF. */
  private int lengthOfLine(ByteBuffer in) {
    int start = in.position();
    int end = Math.min(in.limit(), start + MAX_LINE + 1 - held.position());
    for (int i = start; i < end; i++) {
      if (in.get(i) == LF) {
        return i + 1 - start;
      }
    }
    return end - start;
  }

  private void hold(ByteBuffer in, int length) {
    if (held.remaining() < length) {
      int needed = held.position() + length;
      int capacity = Math.max(FIRST_CAPACITY, Integer.highestOneBit(needed - 1) << 1);
      held = ByteBuffer.allocate(capacity).put(held.flip());
    }
    Upper.copy(in, held, length);
  }

  private void say(State next) {
    held.flip();
    state = next;
  }

  private void drainInto(ByteBuffer out) {
    int length = Math.min(held.remaining(), out.remaining());
    out.put(out.position(), held, held.position(), length);
    out.position(out.position() + length);
    held.position(held.position() + length);
  }
}
