package iomodels.meter;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The times of one thread since it began, from {@code /proc/PID/task/TID/schedstat} and {@code
 * status} (see proc(5), and sched-stats in the documentation of the kernel).
 *
 * @param at when the times were read, as {@link System#nanoTime} counts
 * @param ran nanoseconds on a processor
 * @param queued nanoseconds in a run queue: runnable, while other threads had the processors
 * @param waits how often the thread gave up its processor to wait: voluntary context switches
 * @param runnable whether the thread was on a processor or in a run queue at that moment
 */
record ThreadTimes(long at, long ran, long queued, long waits, boolean runnable) {

  /**
   * The shortest average processor time between two waits of a thread that computes. A thread that
   * wakes, looks and waits again uses 5 µs to 200 µs. The time slices are no measure: beside many
   * threads that wake often, a thread that spins has short ones, too.
   */
  static final long LONG_RUN = 500_000;

  private static final Pattern STATE = Pattern.compile("(?m)^State:\\s+(\\S)");
  private static final Pattern WAITS = Pattern.compile("(?m)^voluntary_ctxt_switches:\\s+(\\d+)");

  /** A thread that has not begun yet. */
  static ThreadTimes unborn(long at) {
    return new ThreadTimes(at, 0, 0, 0, false);
  }

  /**
   * Parses the two files of a thread.
   *
   * @param at when they were read
   * @throws IOException if a file does not have the expected content
   */
  static ThreadTimes parse(long at, String schedstat, String status) throws IOException {
    String[] fields = schedstat.strip().split(" ", -1);
    return new ThreadTimes(
        at,
        Long.parseLong(fields[0]),
        Long.parseLong(fields[1]),
        Long.parseLong(find(WAITS, status)),
        find(STATE, status).equals("R"));
  }

  private static String find(Pattern pattern, String status) throws IOException {
    Matcher matcher = pattern.matcher(status);
    if (!matcher.find()) {
      throw new IOException("no %s in the status of a thread".formatted(pattern));
    }
    return matcher.group(1);
  }

  /** What the thread did between an earlier reading and this one. */
  Window since(ThreadTimes earlier) {
    // The kernel gives the number of a thread that has ended to a new one.
    ThreadTimes from = ran < earlier.ran || waits < earlier.waits ? unborn(earlier.at) : earlier;
    long length = Math.max(1, at - from.at);
    long running = Math.min(length, ran - from.ran);
    // The kernel counts a wait when it ends: a part of it may lie before the window.
    long waiting = Math.min(length - running, Math.max(0, queued - from.queued));
    Window window =
        new Window(
            length,
            running,
            waiting,
            waits - from.waits,
            from.runnable && runnable && running == 0);
    return runnable ? window.withoutSleep() : window;
  }

  /**
   * What a thread did during some time.
   *
   * @param length of the window in nanoseconds
   * @param running nanoseconds on a processor, at most {@code length}
   * @param queued nanoseconds in a run queue, at most what is left of {@code length}
   * @param waits how often the thread gave up its processor to wait
   * @param starved whether it was runnable at both ends of the window, and did not run between them
   */
  record Window(long length, long running, long queued, long waits, boolean starved) {

    /** Whether the thread computes whenever it can, rather than wakes now and then to look. */
    boolean isComputing() {
      return running >= LONG_RUN * Math.max(1, waits);
    }

    /**
     * The same, if the window has ended while the thread was runnable. The wait that had not ended
     * is not counted yet. Of a thread that computes, it is all the time that is not counted.
     */
    private Window withoutSleep() {
      return isComputing() ? new Window(length, running, length - running, waits, starved) : this;
    }

    /**
     * The share of a core that the thread wants, from 0 to 1.
     *
     * <p>A thread runs, is queued, or waits for something. Only the time in the queue is the
     * machine's doing. A thread that computes would not have it on a machine of its own: its share
     * is that of the rest of the window. So a thread that never waits wants one core, whether it
     * had all of a core or a twentieth.
     *
     * <p>The queue of a thread that only wakes to look does not count. It runs so little that a
     * long queue would make any share of it, and hundreds of such threads would seem to want
     * hundreds of cores. Its share is what it used.
     */
    double share() {
      return (double) running / (isComputing() ? length - queued : length);
    }
  }
}
