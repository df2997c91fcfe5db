package iomodels.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Buffers that the kernel sends from, while it does: as many as there ever were replies on their
 * way at once, since they are kept. The one last given back is the next to be lent, since it is
 * still in the processor's cache.
 */
final class BufferPool {

  /**
   * One of them.
   *
   * @param address where it is, for the kernel
   * @param bytes the same, for sessions
   * @param header for {@code sendmsg}, if what the buffer holds is a datagram
   */
  record Buffer(int number, long address, ByteBuffer bytes, MsgHdr header) {}

  private final Ring ring;
  private final int size;
  private final List<Buffer> all = new ArrayList<>();
  private final Deque<Buffer> free = new ArrayDeque<>();

  /**
   * @param size how large each is, in bytes
   */
  BufferPool(Ring ring, int size) {
    this.ring = ring;
    this.size = size;
  }

  /** One that is empty and nobody else's. */
  Buffer borrow() {
    Buffer buffer = free.poll();
    if (buffer == null) {
      buffer = make();
      all.add(buffer);
    }
    buffer.bytes.clear();
    return buffer;
  }

  private Buffer make() {
    try {
      MemorySegment memory = ring.memory(MsgHdr.SIZE + size);
      MemorySegment bytes = memory.asSlice(MsgHdr.SIZE);
      MsgHdr header = new MsgHdr(memory.asSlice(0, MsgHdr.SIZE));
      return new Buffer(all.size(), bytes.address(), bytes.asByteBuffer(), header);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The one of that number, which has been lent. */
  Buffer lent(int number) {
    return all.get(number);
  }

  void giveBack(Buffer buffer) {
    free.push(buffer);
  }
}
