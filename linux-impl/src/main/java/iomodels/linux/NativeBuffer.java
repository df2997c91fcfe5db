package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A buffer outside Java's heap, where the kernel can reach it as well as a session. None of its
 * calls waits: they are for sockets that are non-blocking, and results are those of a channel.
 */
final class NativeBuffer {

  private static final int SIZE = 64 * 1024;

  private final MemorySegment memory = Arena.ofAuto().allocate(SIZE);
  private final ByteBuffer bytes = memory.asByteBuffer();

  /** The buffer as a session wants it; always the same object. */
  ByteBuffer bytes() {
    return bytes;
  }

  /**
   * Fills the buffer once, by {@code recv}, and makes it ready to be taken from.
   *
   * @return how many bytes came; 0 if there are none yet, −1 after the peer's FIN
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
   * Sends as much as the kernel takes, by one {@code send}, and moves the position on.
   *
   * @param from this buffer's own {@link #bytes}, from the first on; or a buffer in Java's heap,
   *     which the kernel cannot reach: those go by way of this one
   * @return how many bytes it took; 0 if it has no room
   */
  int send(int fd, ByteBuffer from) throws IOException {
    int length = from.remaining();
    if (!from.isDirect()) {
      bytes.clear().put(0, from, from.position(), length);
    }
    int count = Libc.send(fd, memory, length, Libc.MSG_NOSIGNAL);
    if (count < 0 && !Errno.isTransient(count)) {
      throw Errno.exception("send", count);
    }
    int sent = Math.max(count, 0);
    from.position(from.position() + sent);
    return sent;
  }

  /**
   * Receives a datagram, by {@code recvfrom}, and makes it ready to be taken.
   *
   * @param sender where to note whose it is
   * @return whether there was one
   */
  boolean recvfrom(int fd, Sender sender) {
    sender.length.set(JAVA_INT, 0, (int) sender.address.byteSize());
    int count = Libc.recvfrom(fd, memory, SIZE, 0, sender.address, sender.length);
    bytes.clear().limit(Math.max(count, 0));
    return count >= 0;
  }

  /** Sends a datagram, by {@code sendto}. If the kernel has no room, it is lost, as any may be. */
  void sendto(int fd, Sender receiver) {
    Libc.sendto(
        fd, memory, bytes.remaining(), 0, receiver.address, receiver.length.get(JAVA_INT, 0));
  }

  /** The address of somebody who has sent a datagram. */
  static final class Sender {

    private final MemorySegment address = Arena.ofAuto().allocate(SockAddr.LARGEST);
    private final MemorySegment length = Arena.ofAuto().allocate(JAVA_INT);
  }
}
