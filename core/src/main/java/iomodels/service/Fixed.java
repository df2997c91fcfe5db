package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/** The session of {@link Services#FIXED}. Its state is the number of pending reply bytes. */
final class Fixed implements Session {

  private static final byte[] REPLY = "dddddd".getBytes(US_ASCII);

  /** The number of pending bytes: whole replies, of which the first may be partly sent. */
  private long pending;

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    if (in.hasRemaining()) {
      in.position(in.limit());
      pending += REPLY.length;
    }
    while (pending > 0 && out.hasRemaining()) {
      int left = (int) ((pending - 1) % REPLY.length) + 1;
      int length = Math.min(left, out.remaining());
      out.put(REPLY, REPLY.length - left, length);
      pending -= length;
    }
    if (pending > 0) {
      return Progress.OVERFLOW;
    }
    return endOfInput ? Progress.FINISHED : Progress.UNDERFLOW;
  }

  static void reply(ByteBuffer datagram, ByteBuffer out) {
    datagram.position(datagram.limit());
    out.put(REPLY);
  }
}
