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
 */
public record Costs(
    Duration cpu, long residentBytes, long peakResidentBytes, int threads, int descriptors) {

  /** The processor time spent since then; all else as it is now. */
  public Costs since(Costs earlier) {
    return new Costs(
        cpu.minus(earlier.cpu), residentBytes, peakResidentBytes, threads, descriptors);
  }
}
