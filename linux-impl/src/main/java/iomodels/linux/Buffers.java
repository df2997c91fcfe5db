package iomodels.linux;

import java.nio.ByteBuffer;

/** Operations on the buffers of an event loop. */
final class Buffers {

  static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private Buffers() {}

  /**
   * Returns the remaining bytes in a buffer that the caller can keep. The bytes of a direct buffer
   * are copied, since the loop owns the direct buffers and reuses them in the next turn.
   */
  static ByteBuffer retainRemainder(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      return EMPTY;
    }
    return buffer.isDirect() ? ByteBuffer.allocate(buffer.remaining()).put(buffer).flip() : buffer;
  }
}
