package iomodels.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A buffer outside the Java heap, for system calls and for sessions. Sockets are non-blocking, so
 * no call blocks. Results have the same meaning as in {@link java.nio.channels.SocketChannel}.
 * Confined to the thread of the loop.
 */
final class NativeBuffer {

  private static final int SIZE = 64 * 1024;

  private final MemorySegment memory = Arena.ofAuto().allocate(SIZE);
  private final ByteBuffer bytes = memory.asByteBuffer();

  /** The buffer for sessions; always the same object. */
  ByteBuffer bytes() {
    return bytes;
  }

  /**
   * Receives into the buffer, with one {@code recv}, and flips it.
   *
   * @return the number of bytes; 0 if there is no input yet, −1 after the client's FIN
   */
  int recv(int fd) throws IOException {
    int count = Libc.recv(fd, memory, SIZE, 0);
    if (count < 0 && !Errno.isTransient(count)) {
      throw Errno.exception("recv", count);
    }
    bytes.clear().limit(Math.max(count, 0));
    return count == 0 ? -1 : Math.max(count, 0);
  }

  /**
   * Sends as much as the kernel accepts, with one {@code send}; makes no call if the buffer is
   * empty.
   *
   * @param from this buffer's own {@link #bytes}, from index 0 on; or a buffer in the Java heap,
   *     which the kernel cannot access: its bytes are copied into this buffer first
   * @return the bytes that the kernel did not accept, in a buffer that the caller can keep
   */
  ByteBuffer send(int fd, ByteBuffer from) throws IOException {
    int length = from.remaining();
    if (length == 0) {
      return Buffers.EMPTY;
    }
    if (!from.isDirect()) {
      bytes.clear().put(0, from, from.position(), length);
    }
    int count = Libc.send(fd, memory, length, Libc.MSG_NOSIGNAL);
    if (count < 0 && !Errno.isTransient(count)) {
      throw Errno.exception("send", count);
    }
    return Buffers.retainRemainder(from.position(from.position() + Math.max(count, 0)));
  }

  /**
   * Receives a datagram, with {@code recvmsg}, and flips the buffer.
   *
   * @param header receives the addresses, and becomes the header of the reply
   * @return false if no datagram is pending
   */
  boolean recvmsg(int fd, MsgHdr header) {
    int count = Libc.recvmsg(fd, header.makeRoom().buffer(memory.address(), SIZE).segment(), 0);
    bytes.clear().limit(Math.max(count, 0));
    if (count >= 0) {
      header.makeReply();
    }
    return count >= 0;
  }

  /**
   * Sends the buffer as a datagram, with {@code sendmsg}; the datagram is lost if there is no room.
   */
  void sendmsg(int fd, MsgHdr header) {
    Libc.sendmsg(fd, header.buffer(memory.address(), bytes.remaining()).segment(), 0);
  }
}
