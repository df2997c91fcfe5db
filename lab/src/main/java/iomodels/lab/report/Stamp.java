package iomodels.lab.report;

/** Why a figure must not be relied on. */
public enum Stamp {
  /** The server breaks a rule of the conformance kit: it may be fast because it is wrong. */
  NOT_CONFORMING,
  /** It was not judged by the kit in this run, or not by all of its rules. */
  NOT_JUDGED,
  /** Its distance to the yardstick is less than the yardstick's to itself. */
  WITHIN_NOISE,
  /** The loader had no processor time left, or was late: throughput and latency are its own. */
  LOADER_SATURATED,
  /** Throughput times mean latency is not what was in flight: one of the three is wrong. */
  LITTLES_LAW,
  /** In an open loop it carried less than was offered: latency grows for as long as that lasts. */
  OVERLOADED,
  /** It still got better when the warm-up ended, or one of its rounds took twice another's. */
  NOT_STEADY;

  /** Whether processor time must not be relied on either, or only throughput and latency. */
  public boolean concernsProcessorTime() {
    return this != LOADER_SATURATED && this != LITTLES_LAW && this != OVERLOADED;
  }
}
