package iomodels.linux;

import java.nio.ByteBuffer;

/** Buffers of an event loop. */
final class Buffers {

  static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private Buffers() {}

  /**
   * Returns what remains in a buffer, in a buffer that the caller can keep: the direct buffers
   * belong to the loop, which uses them again in the next turn, so the bytes are copied.
   */
  static ByteBuffer retainRemainder(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      return EMPTY;
    }
    return buffer.isDirect() ? ByteBuffer.allocate(buffer.remaining()).put(buffer).flip() : buffer;
  }
}
