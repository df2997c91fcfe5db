package iomodels.service;

import java.nio.ByteBuffer;

/** The session of {@link Services#DISCARD}. */
final class Discard implements Session {

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    in.position(in.limit());
    return endOfInput ? Progress.FINISHED : Progress.UNDERFLOW;
  }
}
