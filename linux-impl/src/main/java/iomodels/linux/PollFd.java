package iomodels.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct pollfd}, of which {@code poll} takes an array: a descriptor, the events to wait
 * for, and the events that {@code poll} reports. {@code poll} ignores an entry with a negative
 * descriptor.
 */
final class PollFd {

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              ValueLayout.JAVA_INT.withName("fd"),
              ValueLayout.JAVA_SHORT.withName("events"),
              ValueLayout.JAVA_SHORT.withName("revents"))
          .withName("pollfd");

  private static final long SIZE = LAYOUT.byteSize();
  private static final long FD = LAYOUT.byteOffset(PathElement.groupElement("fd"));
  private static final long EVENTS = LAYOUT.byteOffset(PathElement.groupElement("events"));
  private static final long REVENTS = LAYOUT.byteOffset(PathElement.groupElement("revents"));

  private PollFd() {}

  static MemorySegment array(int count, Arena arena) {
    return arena.allocate(LAYOUT, count);
  }

  static int fd(MemorySegment array, int index) {
    return array.get(ValueLayout.JAVA_INT, SIZE * index + FD);
  }

  static short revents(MemorySegment array, int index) {
    return array.get(ValueLayout.JAVA_SHORT, SIZE * index + REVENTS);
  }

  static void set(MemorySegment array, int index, int fd, short events) {
    array.set(ValueLayout.JAVA_INT, SIZE * index + FD, fd);
    array.set(ValueLayout.JAVA_SHORT, SIZE * index + EVENTS, events);
    array.set(ValueLayout.JAVA_SHORT, SIZE * index + REVENTS, (short) 0);
  }

  static void move(MemorySegment array, int from, int to) {
    MemorySegment.copy(array, SIZE * from, array, SIZE * to, SIZE);
  }
}
