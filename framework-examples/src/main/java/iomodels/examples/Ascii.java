package iomodels.examples;

import io.netty.buffer.ByteBuf;
import iomodels.service.Services;
import iomodels.service.Session;
import java.nio.ByteBuffer;

/**
 * Upper-cases the bytes that an echo server would return unchanged, as the service {@code upper} of
 * the models does and at the same cost.
 */
final class Ascii {

  private static final Session UPPER = Services.UPPER.open(); // It has no state.

  private Ascii() {}

  /** Upper-cases the letters of an array in place; returns the same array. */
  static byte[] upper(byte[] bytes) {
    upper(ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** Upper-cases the readable bytes of a buffer in place; returns the same buffer. */
  static ByteBuf upper(ByteBuf bytes) {
    upper(bytes.nioBuffer());
    return bytes;
  }

  private static void upper(ByteBuffer bytes) {
    UPPER.advance(bytes.duplicate(), bytes, false);
  }
}
