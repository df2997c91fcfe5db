package iomodels.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The array for {@code poll}: a {@link PollFd} for each descriptor, without gaps. Confined to the
 * thread of the loop.
 */
final class PollSet {

  private MemorySegment array = PollFd.array(64, Arena.ofAuto());
  private int capacity = 64;
  private int size;

  /** The index in the array, by descriptor. */
  private int[] indexes = new int[64];

  /** The argument of {@link Libc#poll}. */
  MemorySegment segment() {
    return array;
  }

  int size() {
    return size;
  }

  int fd(int index) {
    return PollFd.fd(array, index);
  }

  /** The events that {@code poll} has reported; 0 after {@link #change}. */
  short revents(int index) {
    return PollFd.revents(array, index);
  }

  /** Adds a descriptor at the end. */
  void add(int fd, short events) {
    if (size == capacity) {
      capacity *= 2;
      array = PollFd.array(capacity, Arena.ofAuto()).copyFrom(array);
    }
    if (fd >= indexes.length) {
      indexes = Arrays.copyOf(indexes, 2 * fd);
    }
    indexes[fd] = size;
    PollFd.set(array, size++, fd, events);
  }

  /** Changes the events that {@code poll} waits for; with 0 it reports only errors. */
  void change(int fd, short events) {
    PollFd.set(array, indexes[fd], fd, events);
  }

  /** Removes a descriptor. The last entry, with its reported events, moves to its index. */
  void remove(int fd) {
    int index = indexes[fd];
    size--;
    PollFd.move(array, size, index);
    indexes[fd(index)] = index;
  }
}
