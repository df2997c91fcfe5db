package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/**
 * The session of {@link Services#FLOOD}. Its state is an incomplete count or an unfinished reply.
 */
final class Flood implements Session {

  private static final int MODULUS = 251;
  private static final int MAX_DIGITS = 13;
  private static final byte[] NOT_A_COUNT = "ERR expected a count\n".getBytes(US_ASCII);

  /** 64 periods of the reply pattern: byte <i>i</i> is <i>i</i> mod 251. */
  private static final byte[] PATTERN = pattern(64 * MODULUS);

  private static byte[] pattern(int length) {
    byte[] pattern = new byte[length];
    for (int i = 0; i < length; i++) {
      pattern[i] = (byte) (i % MODULUS);
    }
    return pattern;
  }

  private long count;
  private int digits;

  /** The current reply: its pattern, the number of pending bytes, and the next offset. */
  private byte[] source = PATTERN;

  private long pending;
  private int offset;

  private boolean finished;

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    while (true) {
      drainInto(out);
      if (pending > 0) {
        return Progress.OVERFLOW;
      }
      if (finished) {
        return Progress.FINISHED;
      }
      if (in.hasRemaining()) {
        parse(in.get());
      } else if (!endOfInput) {
        return Progress.UNDERFLOW;
      } else if (digits > 0) {
        refuse();
      } else {
        finished = true;
      }
    }
  }

  private void parse(byte octet) {
    if (octet >= '0' && octet <= '9' && digits < MAX_DIGITS) {
      count = 10 * count + (octet - '0');
      digits++;
    } else if (octet == '\n' && digits > 0) {
      pending = count;
      offset = 0;
      count = 0;
      digits = 0;
    } else {
      refuse();
    }
  }

  private void refuse() {
    source = NOT_A_COUNT;
    pending = NOT_A_COUNT.length;
    offset = 0;
    finished = true;
  }

  private void drainInto(ByteBuffer out) {
    while (pending > 0 && out.hasRemaining()) {
      int length = (int) Math.min(pending, Math.min(out.remaining(), source.length - offset));
      out.put(source, offset, length);
      offset = (offset + length) % source.length;
      pending -= length;
    }
  }
}
