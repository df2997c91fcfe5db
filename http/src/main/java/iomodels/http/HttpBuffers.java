package iomodels.http;

import java.nio.ByteBuffer;

/**
 * The buffers of a connection. They begin small, and grow when a request or a response fills them:
 * most requests and responses are short, and most connections wait for their client.
 */
public final class HttpBuffers {

  private static final int SMALL = 512;
  private static final int LARGE = 16 * 1024;

  private HttpBuffers() {}

  /** Returns an empty buffer for short requests or responses. */
  public static ByteBuffer small() {
    return ByteBuffer.allocate(SMALL);
  }

  /** Returns an empty buffer for long ones. */
  public static ByteBuffer large() {
    return ByteBuffer.allocate(LARGE);
  }

  /**
   * Returns a larger buffer with the same bytes before its position, or the same if it is large.
   */
  public static ByteBuffer grow(ByteBuffer full) {
    return full.capacity() < LARGE ? large().put(full.flip()) : full;
  }
}
