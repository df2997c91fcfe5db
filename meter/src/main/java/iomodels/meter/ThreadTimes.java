package iomodels.meter;

/**
 * The times of one thread, as the scheduler counts them ({@code /proc/PID/task/TID/schedstat}, see
 * the kernel's documentation, sched-stats), all since the thread began.
 *
 * @param at when the times were read, as {@link System#nanoTime} counts
 * @param ran nanoseconds on a processor
 * @param queued nanoseconds in a run queue: runnable, while other threads had the processors
 * @param slices how often the thread was given a processor
 * @param runnable whether the thread was on a processor or in a run queue at that moment
 */
record ThreadTimes(long at, long ran, long queued, long slices, boolean runnable) {

  /**
   * The shortest average slice of a thread that computes. A thread that never waits keeps its
   * processor until the scheduler takes it away: for 2 ms to 6 ms beside four busy loops on two
   * cores. A thread that wakes, looks and waits again uses 5 µs to 200 µs on the same machine.
   */
  static final long LONG_SLICE = 500_000;

  /** A thread that has not begun yet. */
  static ThreadTimes unborn(long at) {
    return new ThreadTimes(at, 0, 0, 0, false);
  }

  /**
   * Reads the two files of a thread.
   *
   * @param at when they were read
   * @param schedstat three numbers
   * @param stat has the state behind the name, which is in parentheses and may hold anything
   */
  static ThreadTimes parse(long at, String schedstat, String stat) {
    String[] fields = schedstat.strip().split(" ", -1);
    return new ThreadTimes(
        at,
        Long.parseLong(fields[0]),
        Long.parseLong(fields[1]),
        Long.parseLong(fields[2]),
        stat.charAt(stat.lastIndexOf(')') + 2) == 'R');
  }

  /** What the thread did between an earlier reading and this one. */
  Window since(ThreadTimes earlier) {
    // The kernel gives the number of a thread that has ended to a new one.
    ThreadTimes from = ran < earlier.ran || slices < earlier.slices ? unborn(earlier.at) : earlier;
    long length = Math.max(1, at - from.at);
    long running = Math.min(length, ran - from.ran);
    // The kernel counts a wait when it ends: a part of it may lie before the window.
    long waiting = Math.min(length - running, Math.max(0, queued - from.queued));
    Window window =
        new Window(
            length,
            running,
            waiting,
            slices - from.slices,
            from.runnable && runnable && running == 0 && slices == from.slices);
    return runnable ? window.withoutSleep() : window;
  }

  /**
   * What a thread did during some time.
   *
   * @param length of the window in nanoseconds
   * @param running nanoseconds on a processor, at most {@code length}
   * @param queued nanoseconds in a run queue, at most what is left of {@code length}
   * @param slices how often the thread was given a processor
   * @param starved whether it was runnable at both ends of the window, and did not run between them
   */
  record Window(long length, long running, long queued, long slices, boolean starved) {

    /** Whether the thread computes whenever it can, rather than wakes now and then to look. */
    boolean isComputing() {
      return running >= LONG_SLICE * Math.max(1, slices);
    }

    /**
     * The same, if the window has ended while the thread was runnable. The wait that had not ended
     * is not counted yet. Of a thread that computes, it is all the time that is not counted.
     */
    private Window withoutSleep() {
      return isComputing() ? new Window(length, running, length - running, slices, starved) : this;
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
