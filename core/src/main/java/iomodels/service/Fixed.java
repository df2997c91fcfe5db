package iomodels.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/** The session of {@link Services#FIXED}; its state is the number of bytes it has yet to send. */
final class Fixed implements Session {

  private static final byte[] REPLY = "dddddd".getBytes(US_ASCII);

  /** Pending bytes: whole replies, of which the first may be partly sent. */
  private long owed;

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    if (in.hasRemaining()) {
      in.position(in.limit());
      owed += REPLY.length;
    }
    while (owed > 0 && out.hasRemaining()) {
      int left = (int) ((owed - 1) % REPLY.length) + 1;
      int length = Math.min(left, out.remaining());
      out.put(REPLY, REPLY.length - left, length);
      owed -= length;
    }
    if (owed > 0) {
      return Progress.OVERFLOW;
    }
    return endOfInput ? Progress.FINISHED : Progress.UNDERFLOW;
  }

  static void reply(ByteBuffer datagram, ByteBuffer out) {
    datagram.position(datagram.limit());
    out.put(REPLY);
  }
}
