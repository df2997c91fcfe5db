package iomodels.lab.report;

/** A reason why a figure is unreliable. */
public enum Caveat {
  /** The server violates a rule of the conformance kit: it may be fast because it is wrong. */
  NOT_CONFORMING,
  /** The kit has not judged the server in this run, or not by all of its rules. */
  NOT_JUDGED,
  /** The server differs less from the yardstick than the yardstick from itself. */
  WITHIN_NOISE,
  /** The load generator was busy or late: it limits throughput and latency. */
  LOADER_SATURATED,
  /** Throughput times mean latency differs from the messages in flight: one of them is wrong. */
  LITTLES_LAW,
  /** In an open loop the server answered less than was offered: latency grows without limit. */
  OVERLOADED,
  /** The server still got better when the warm-up ended, or its rounds differ by a factor of 2. */
  NOT_STEADY;

  /** Whether processor time is unreliable as well, not only throughput and latency. */
  public boolean concernsProcessorTime() {
    return this != LOADER_SATURATED && this != LITTLES_LAW && this != OVERLOADED;
  }
}
