package iomodels.meter;

import java.time.Duration;
import java.util.Map;

/**
 * The processor time of a process and its descendants up to some moment, thread by thread. Two of
 * them tell how much it wants: {@link #since}. Immutable.
 *
 * <p>What a process uses depends on how much the machine gives: beside many busy processes, a
 * server that spins gets a small share of a core, and looks calm. What its threads want does not,
 * and is found thread by thread, see {@link ThreadTimes.Window#share}. No thread wants more than
 * one core.
 */
public final class ProcessorTimes {

  private final long at;
  private final Duration cpu;
  private final Map<Long, ThreadTimes> threads;

  /**
   * @param at when they were read, as {@link System#nanoTime} counts
   * @param cpu the time of all threads, also of those that have ended
   * @param threads the threads that live, by their number; empty if the kernel does not count
   */
  ProcessorTimes(long at, Duration cpu, Map<Long, ThreadTimes> threads) {
    this.at = at;
    this.cpu = cpu;
    this.threads = Map.copyOf(threads);
  }

  /** What the process used and wanted since then. */
  public ProcessorDemand since(ProcessorTimes earlier) {
    long length = Math.max(1, at - earlier.at);
    double wanted = 0;
    long queued = 0;
    boolean starved = false;
    for (Map.Entry<Long, ThreadTimes> each : threads.entrySet()) {
      ThreadTimes before =
          earlier.threads.getOrDefault(each.getKey(), ThreadTimes.unborn(earlier.at));
      ThreadTimes.Window window = each.getValue().since(before);
      wanted += window.share();
      queued = Math.max(queued, window.isComputing() ? window.queued() : 0);
      starved |= window.starved();
    }
    double used = Math.max(0, (double) cpu.minus(earlier.cpu).toNanos() / length);
    return new ProcessorDemand(
        100 * used,
        100 * Math.max(used, wanted), // A thread that has ended meanwhile is in the first only.
        Duration.ofNanos(Math.max(0, length - queued)),
        starved);
  }
}
