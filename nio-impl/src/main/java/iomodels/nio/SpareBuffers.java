package iomodels.nio;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** A pool of direct buffers of one size. Not safe for use by several threads. */
final class SpareBuffers {

  private final int size;
  private final Deque<ByteBuffer> spare = new ArrayDeque<>();

  SpareBuffers(int size) {
    this.size = size;
  }

  ByteBuffer borrow() {
    return spare.isEmpty() ? ByteBuffer.allocateDirect(size) : spare.pop();
  }

  /**
   * Returns a buffer to the pool if it is a borrowed one. Borrowed buffers are direct, others are
   * not.
   *
   * @return the replacement
   */
  ByteBuffer giveBack(ByteBuffer buffer, ByteBuffer replacement) {
    if (buffer.isDirect()) {
      spare.push(buffer);
    }
    return replacement;
  }
}
