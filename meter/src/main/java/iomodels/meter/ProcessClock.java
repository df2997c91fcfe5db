package iomodels.meter;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/**
 * Reads the CPU time of another process in nanoseconds: of all its threads, including those that
 * have ended. It calls {@code clock_gettime} on the clock that {@code clock_getcpuclockid} (man 3)
 * returns. The figures in {@code /proc} are either coarse ({@code stat}) or omit ended threads
 * ({@code schedstat}).
 */
final class ProcessClock {

  private static final MethodHandle CLOCK_GETCPUCLOCKID = function("clock_getcpuclockid");
  private static final MethodHandle CLOCK_GETTIME = function("clock_gettime");

  private ProcessClock() {}

  /** Both functions take an int, the pid or the clock, and the address of the result. */
  @SuppressWarnings("restricted") // this module is given native access where it is run
  private static MethodHandle function(String name) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  }

  /**
   * Returns the CPU time that a process has used so far, user and system, without its children.
   *
   * @throws IOException if there is no such process
   */
  static Duration of(long pid) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment clock = arena.allocate(JAVA_INT);
      check((int) CLOCK_GETCPUCLOCKID.invokeExact((int) pid, clock), pid);
      MemorySegment timespec = arena.allocate(JAVA_LONG, 2);
      check((int) CLOCK_GETTIME.invokeExact(clock.get(JAVA_INT, 0), timespec), pid);
      return Duration.ofSeconds(
          timespec.getAtIndex(JAVA_LONG, 0), timespec.getAtIndex(JAVA_LONG, 1));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a native function threw an exception", e);
    }
  }

  private static void check(int result, long pid) throws IOException {
    if (result != 0) {
      throw new IOException("process %d has no CPU clock; it has probably ended".formatted(pid));
    }
  }
}
