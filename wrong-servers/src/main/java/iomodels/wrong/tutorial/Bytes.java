package iomodels.wrong.tutorial;

import java.nio.ByteBuffer;

/** Operations that Python's {@code bytes} have, and a buffer does not. */
final class Bytes {

  private Bytes() {}

  /** {@code bytes.upper}: the ASCII letters between position and limit, in place. */
  static ByteBuffer upper(ByteBuffer data) {
    for (int i = data.position(); i < data.limit(); i++) {
      byte octet = data.get(i);
      data.put(i, (byte) (octet >= 'a' && octet <= 'z' ? octet - 0x20 : octet));
    }
    return data;
  }
}
