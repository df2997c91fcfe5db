package iomodels.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct epoll_event}, of which {@code epoll_wait} fills an array: the events, and the data
 * that was registered with the descriptor, here the descriptor itself. On x86-64 the structure is
 * packed, so that it has the same layout in 32-bit programs.
 */
final class EpollEvent {

  private static final ValueLayout.OfInt PACKED_INT = ValueLayout.JAVA_INT_UNALIGNED;

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              PACKED_INT.withName("events"),
              PACKED_INT.withName("fd"),
              MemoryLayout.paddingLayout(4))
          .withName("epoll_event");

  private static final long SIZE = LAYOUT.byteSize();
  private static final long EVENTS = LAYOUT.byteOffset(PathElement.groupElement("events"));
  private static final long FD = LAYOUT.byteOffset(PathElement.groupElement("fd"));

  private EpollEvent() {}

  static MemorySegment array(int count, Arena arena) {
    return arena.allocate(SIZE * count, Integer.BYTES);
  }

  static int events(MemorySegment array, int index) {
    return array.get(PACKED_INT, SIZE * index + EVENTS);
  }

  static int fd(MemorySegment array, int index) {
    return array.get(PACKED_INT, SIZE * index + FD);
  }

  static void set(MemorySegment array, int index, int fd, int events) {
    array.set(PACKED_INT, SIZE * index + EVENTS, events);
    array.set(PACKED_INT, SIZE * index + FD, fd);
  }
}
