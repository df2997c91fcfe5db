package iomodels.linux;

import java.nio.ByteBuffer;

/** Buffers of an event loop. */
final class Buffers {

  static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private Buffers() {}

  /**
   * Keeps what remains in a buffer beyond this turn of the loop: the direct buffers are the loop's,
   * and used again in the next turn, so the bytes are copied.
   */
  static ByteBuffer retainRemainder(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      return EMPTY;
    }
    return buffer.isDirect() ? ByteBuffer.allocate(buffer.remaining()).put(buffer).flip() : buffer;
  }
}
