package iomodels.service;

import java.nio.ByteBuffer;

/** The session of {@link Services#ECHO}. It has no state. */
final class Echo implements Session {

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    int length = Math.min(in.remaining(), out.remaining());
    out.put(out.position(), in, in.position(), length);
    in.position(in.position() + length);
    out.position(out.position() + length);
    if (in.hasRemaining()) {
      return Progress.OVERFLOW;
    }
    return endOfInput ? Progress.FINISHED : Progress.UNDERFLOW;
  }

  static void reply(ByteBuffer datagram, ByteBuffer out) {
    out.put(datagram);
  }
}
