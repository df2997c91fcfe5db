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
 * A pool of buffers that the kernel sends from. The pool keeps all buffers, so its size is the
 * maximum number of sends that were pending at once. The buffer that was returned last is lent
 * first, since it is still in the processor's cache. Confined to the thread of the ring.
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
   * Creates an empty pool.
   *
   * @param size the size of each buffer, in bytes
   */
  BufferPool(Ring ring, int size) {
    this.ring = ring;
    this.size = size;
  }

  /** Lends an empty buffer; allocates one if none is free. */
  Buffer borrow() {
    Buffer buffer = free.poll();
    if (buffer == null) {
      buffer = allocate();
      all.add(buffer);
    }
    buffer.bytes.clear();
    return buffer;
  }

  private Buffer allocate() {
    try {
      MemorySegment memory = ring.memory(MsgHdr.SIZE + size);
      MemorySegment bytes = memory.asSlice(MsgHdr.SIZE);
      MsgHdr header = new MsgHdr(memory.asSlice(0, MsgHdr.SIZE));
      return new Buffer(all.size(), bytes.address(), bytes.asByteBuffer(), header);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the lent buffer with the given number. */
  Buffer lent(int number) {
    return all.get(number);
  }

  void giveBack(Buffer buffer) {
    free.push(buffer);
  }
}
