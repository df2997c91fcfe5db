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
 * Buffers that the kernel sends from. The pool keeps all buffers, so it has as many as there were
 * sends pending at once. The buffer that was given back last is lent first, since it is still in
 * the processor's cache. For the thread of the ring.
 */
final class BufferPool {

  /**
   * A buffer.
   *
   * @param address its memory, for the kernel
   * @param bytes the same memory, for sessions
   * @param header for {@code sendmsg}, if the buffer holds a datagram
   */
  record Buffer(int number, long address, ByteBuffer bytes, MsgHdr header) {}

  private final Ring ring;
  private final int size;
  private final List<Buffer> all = new ArrayList<>();
  private final Deque<Buffer> free = new ArrayDeque<>();

  /**
   * @param size of each buffer, in bytes
   */
  BufferPool(Ring ring, int size) {
    this.ring = ring;
    this.size = size;
  }

  /** Lends an empty buffer. */
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

  /** The buffer with that number, which has been lent. */
  Buffer lent(int number) {
    return all.get(number);
  }

  void giveBack(Buffer buffer) {
    free.push(buffer);
  }
}
