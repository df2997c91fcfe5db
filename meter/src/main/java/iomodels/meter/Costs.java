package iomodels.meter;

import java.time.Duration;

/**
 * The resources that a process and its descendants use.
 *
 * @param cpu CPU time, user and system
 * @param residentBytes resident memory (RSS); a page that several processes share counts for each
 * @param peakResidentBytes the sum of the peak resident memory of each process
 * @param threads the number of threads that the kernel knows; virtual threads are not counted
 * @param descriptors the number of open file descriptors
 * @param voluntarySwitches the number of context switches at which a thread began to wait
 * @param involuntarySwitches the number of context switches at which the kernel preempted a thread
 */
public record Costs(
    Duration cpu,
    long residentBytes,
    long peakResidentBytes,
    int threads,
    int descriptors,
    long voluntarySwitches,
    long involuntarySwitches) {

  /**
   * Returns the CPU time and the context switches since an earlier reading; all other values are
   * those of this reading. The switches of threads that have ended in between are lost (proc(5)),
   * so a count may be too low; it is never negative.
   */
  public Costs since(Costs earlier) {
    return new Costs(
        cpu.minus(earlier.cpu),
        residentBytes,
        peakResidentBytes,
        threads,
        descriptors,
        Math.max(0, voluntarySwitches - earlier.voluntarySwitches),
        Math.max(0, involuntarySwitches - earlier.involuntarySwitches));
  }
}
