package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct timeval}: seconds and microseconds, for how long {@code select} waits at most. */
final class TimeVal {

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(JAVA_LONG.withName("tv_sec"), JAVA_LONG.withName("tv_usec"))
          .withName("timeval");

  private final MemorySegment segment;

  TimeVal(Arena arena) {
    segment = arena.allocate(LAYOUT);
  }

  /**
   * Sets the time. Needed before every call, since Linux leaves the remaining time in it.
   *
   * @param millis negative to wait without limit
   * @return the argument of {@link Libc#select}
   */
  MemorySegment ofMillis(int millis) {
    if (millis < 0) {
      return MemorySegment.NULL;
    }
    segment.setAtIndex(JAVA_LONG, 0, millis / 1000);
    segment.setAtIndex(JAVA_LONG, 1, MILLISECONDS.toMicros(millis % 1000));
    return segment;
  }
}
