package iomodels.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The two sets that {@code select} takes, for reading and for writing, each twice: the descriptors
 * to wait for, and a copy that {@code select} overwrites with the ready ones. For the thread of the
 * loop.
 */
final class FdSets {

  private final Arena arena = Arena.ofAuto();
  private final FdSet reading = new FdSet(arena);
  private final FdSet writing = new FdSet(arena);
  private final FdSet readable = new FdSet(arena);
  private final FdSet writable = new FdSet(arena);

  /** Whether a set has a bit for this descriptor. */
  static boolean hasBit(int fd) {
    return fd < FdSet.FD_SETSIZE;
  }

  /**
   * Waits for input on one of the server's own descriptors.
   *
   * @throws IOException if there is no bit for it
   */
  void add(int fd) throws IOException {
    if (!hasBit(fd)) {
      throw new IOException(
          "select cannot wait for descriptor %d: FD_SETSIZE is %d; start it before files are opened"
              .formatted(fd, FdSet.FD_SETSIZE));
    }
    reading.add(fd);
  }

  /** Waits for input, or for room for output. */
  void watch(int fd, boolean forWriting) {
    remove(fd);
    (forWriting ? writing : reading).add(fd);
  }

  /** Does nothing for a descriptor that is not in the sets. */
  void remove(int fd) {
    reading.remove(fd);
    writing.remove(fd);
  }

  /** For {@link Libc#select}, the second argument: a copy for it to overwrite. */
  MemorySegment readable() {
    readable.copyFrom(reading);
    return readable.segment();
  }

  /** For {@link Libc#select}, the third argument: a copy for it to overwrite. */
  MemorySegment writable() {
    writable.copyFrom(writing);
    return writable.segment();
  }

  /** Ready descriptors, 64 × {@code index} and following, the lowest bit being the first. */
  long ready(int index) {
    return readable.word(index) | writable.word(index);
  }
}
