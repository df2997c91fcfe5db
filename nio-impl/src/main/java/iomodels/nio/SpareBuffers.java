package iomodels.nio;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Direct buffers to borrow; those that have been given back are kept for the next borrower. For one
 * thread.
 */
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
   * Takes a buffer back if it is a borrowed one; others are in the heap.
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
