package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A datagram as {@link Ring#receiveDatagrams} leaves it in a buffer: {@code struct
 * io_uring_recvmsg_out}, then room for the sender's address, then what it says.
 */
final class Datagram {

  private static final int NAMELEN = 0;
  private static final int PAYLOADLEN = 8;
  private static final long MSGHDR_SIZE = 56;
  private static final long MSG_NAMELEN = 8;

  /** Where the sender's address begins. */
  static final int SENDER = 16;

  private static final int PAYLOAD = SENDER + (int) SockAddr.LARGEST.byteSize();

  private Datagram() {}

  /** The {@code msghdr} that asks for that. */
  static MemorySegment header(Arena arena) {
    MemorySegment header = arena.allocate(MSGHDR_SIZE, 8);
    header.set(JAVA_INT, MSG_NAMELEN, (int) SockAddr.LARGEST.byteSize());
    return header;
  }

  static int senderLength(ByteBuffer buffer) {
    return buffer.getInt(NAMELEN);
  }

  /** Moves the buffer's position and limit to what the datagram says. */
  static ByteBuffer payload(ByteBuffer buffer) {
    return buffer.limit(PAYLOAD + buffer.getInt(PAYLOADLEN)).position(PAYLOAD);
  }
}
