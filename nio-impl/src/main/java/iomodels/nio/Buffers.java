package iomodels.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Buffers of an event loop. */
public final class Buffers {

  public static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  private Buffers() {}

  /**
   * Returns what remains in a buffer, in a buffer that the caller can keep: the direct buffers
   * belong to the loop, which uses them again in the next turn, so the bytes are copied.
   */
  public static ByteBuffer retainRemainder(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      return EMPTY;
    }
    return buffer.isDirect() ? ByteBuffer.allocate(buffer.remaining()).put(buffer).flip() : buffer;
  }

  /**
   * Writes as much as the kernel takes, by one {@code write}, or by none if there is nothing to
   * write.
   *
   * @return what the kernel did not take, in a buffer that the caller can keep
   */
  public static ByteBuffer write(SocketChannel channel, ByteBuffer buffer) throws IOException {
    if (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    return retainRemainder(buffer);
  }
}
