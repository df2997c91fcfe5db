package iomodels.meter;

import java.time.Duration;

/**
 * What a process and its children use.
 *
 * @param cpu the time they have spent on processors, user and system
 * @param residentBytes the memory they have in RAM; pages that they share count for each
 * @param peakResidentBytes the most that each has had in RAM, added up
 * @param threads how many they have, as the kernel counts: a virtual thread is none
 * @param descriptors how many are open
 * @param voluntarySwitches how often a thread gave its processor up, to wait
 * @param involuntarySwitches how often it was taken from one that would have gone on
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
   * The processor time spent and the switches made since then; all else as it is now. Switches of
   * threads that have ended meanwhile are not known (man 5 proc): where threads come and go there
   * seem to have been fewer, but never less than none.
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
