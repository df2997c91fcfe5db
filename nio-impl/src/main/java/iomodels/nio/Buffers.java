package iomodels.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

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

  /**
   * Writes as much as the kernel accepts, in one {@code write}; makes no call if the buffer is
   * empty.
   *
   * @return the bytes that the kernel did not accept, in a buffer that the caller can keep
   */
  static ByteBuffer write(SocketChannel channel, ByteBuffer buffer) throws IOException {
    if (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    return retainRemainder(buffer);
  }
}
