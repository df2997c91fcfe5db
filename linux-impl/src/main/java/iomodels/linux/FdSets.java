package iomodels.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The sets for {@code select}, for reading and for writing. Each exists twice: the descriptors to
 * wait for, and a copy that {@code select} overwrites with the ready descriptors. Confined to the
 * thread of the loop.
 */
final class FdSets {

  private final Arena arena = Arena.ofAuto();
  private final FdSet reading = new FdSet(arena);
  private final FdSet writing = new FdSet(arena);
  private final FdSet readable = new FdSet(arena);
  private final FdSet writable = new FdSet(arena);

  /** Whether a set has a bit for a descriptor. */
  static boolean hasBit(int fd) {
    return fd < FdSet.FD_SETSIZE;
  }

  /**
   * Waits for input on one of the server's own descriptors.
   *
   * @throws IOException if a set has no bit for it
   */
  void add(int fd) throws IOException {
    if (!hasBit(fd)) {
      throw new IOException(
          "select cannot wait for descriptor %d: FD_SETSIZE is %d; start the server before opening files"
              .formatted(fd, FdSet.FD_SETSIZE));
    }
    reading.add(fd);
  }

  /** Waits for input on a descriptor, or for room for output. */
  void watch(int fd, boolean forWriting) {
    remove(fd);
    (forWriting ? writing : reading).add(fd);
  }

  /** Removes a descriptor; has no effect if it is not in the sets. */
  void remove(int fd) {
    reading.remove(fd);
    writing.remove(fd);
  }

  /** The second argument of {@link Libc#select}: a copy, which the call overwrites. */
  MemorySegment readable() {
    readable.copyFrom(reading);
    return readable.segment();
  }

  /** The third argument of {@link Libc#select}: a copy, which the call overwrites. */
  MemorySegment writable() {
    writable.copyFrom(writing);
    return writable.segment();
  }

  /** The bits of ready descriptors, from 64 × {@code index} on; the lowest bit is the first. */
  long ready(int index) {
    return readable.word(index) | writable.word(index);
  }
}
