package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct timeval}: the timeout of {@code select} in seconds and microseconds. */
final class TimeVal {

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(JAVA_LONG.withName("tv_sec"), JAVA_LONG.withName("tv_usec"))
          .withName("timeval");

  private final MemorySegment segment;

  TimeVal(Arena arena) {
    segment = arena.allocate(LAYOUT);
  }

  /**
   * Sets the timeout. Needed before every call, since Linux overwrites it with the remaining time.
   *
   * @param millis the timeout in milliseconds; negative for no timeout
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
