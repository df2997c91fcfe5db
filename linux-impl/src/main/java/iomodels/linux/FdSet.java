package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * {@code fd_set}: one bit for each descriptor below {@link #FD_SETSIZE}. For a higher descriptor
 * C's macros write past the end of the set; this class throws an exception.
 */
final class FdSet {

  static final int FD_SETSIZE = 1024;

  /** The number of words, of 64 descriptors each. */
  static final int WORDS = FD_SETSIZE / Long.SIZE;

  private final MemorySegment bits;

  FdSet(Arena arena) {
    bits = arena.allocate(JAVA_LONG, WORDS);
  }

  /** The argument of {@link Libc#select}. */
  MemorySegment segment() {
    return bits;
  }

  /** The bits of 64 descriptors, from 64 × {@code index} on; the lowest bit is the first. */
  long word(int index) {
    return bits.getAtIndex(JAVA_LONG, index);
  }

  void add(int fd) {
    int index = Objects.checkIndex(fd, FD_SETSIZE) / Long.SIZE;
    bits.setAtIndex(JAVA_LONG, index, word(index) | bit(fd));
  }

  /** Removes a descriptor; has no effect if it is not in the set. */
  void remove(int fd) {
    if (fd >= 0 && fd < FD_SETSIZE) {
      int index = fd / Long.SIZE;
      bits.setAtIndex(JAVA_LONG, index, word(index) & ~bit(fd));
    }
  }

  private static long bit(int fd) {
    return 1L << fd % Long.SIZE;
  }

  void copyFrom(FdSet other) {
    MemorySegment.copy(other.bits, 0, bits, 0, bits.byteSize());
  }
}
