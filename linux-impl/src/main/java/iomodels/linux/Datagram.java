package iomodels.linux;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * The layout of a datagram in a buffer of {@link Ring#receiveDatagrams}: {@code struct
 * io_uring_recvmsg_out}, then space for the sender's address, then space for a control message,
 * then the payload.
 */
final class Datagram {

  private static final int NAMELEN = 0;
  private static final int CONTROLLEN = 4;
  private static final int PAYLOADLEN = 8;
  private static final int SENDER = 16;
  private static final int CONTROL = SENDER + (int) SockAddr.LARGEST.byteSize();
  private static final int PAYLOAD = CONTROL + (int) MsgHdr.CONTROL.byteSize();

  private Datagram() {}

  /** Sets the buffer's position and limit to the payload. */
  static ByteBuffer payload(ByteBuffer buffer) {
    return buffer.limit(PAYLOAD + buffer.getInt(PAYLOADLEN)).position(PAYLOAD);
  }

  /** Makes a header the header of the reply: to the sender, from the destination of the request. */
  static void address(MsgHdr reply, ByteBuffer buffer) {
    MemorySegment datagram = MemorySegment.ofBuffer(buffer.duplicate().clear());
    reply.copy(datagram, SENDER, buffer.getInt(NAMELEN), CONTROL, buffer.getInt(CONTROLLEN));
    reply.makeReply();
  }
}
