package iomodels.lab.report;

import iomodels.lab.Spread;
import java.util.List;
import java.util.Optional;

/**
 * What a server carried, over all rounds, and what it cost: the median, and the spread. What the
 * processor is asked for is empty where there is no {@code /proc}.
 *
 * @param connections how many there were
 * @param messagesPerSecond replies that were complete, or in {@code churn} whole connections
 * @param cpuMicrosPerMessage processor time of the server's processes, user and system
 * @param voluntarySwitches per message: it waited; empty in {@code churn}, where threads may come
 *     and go, whose switches the kernel does not tell
 * @param involuntarySwitches per message: it was interrupted; likewise
 * @param threads how many it had
 * @param residentBytes memory in RAM
 * @param loaderBusy the share of the time that the loader's thread was on a processor
 * @param loaderLag99Micros how late the loader was, in an open loop
 * @param leastServedShare the client that was served least, as a share of the mean
 * @param lostShare of datagrams, those that had no reply; 0 over TCP
 * @param littlesLaw messages in flight by throughput and mean latency, as a share of those that
 *     were; 1 where Little's law holds
 * @param latency from the first byte's being sent, or due, to the last one's arrival
 * @param uncorrected in an open loop: from when it was really sent
 * @param toCommon beside C epoll, or whatever all are measured beside
 * @param toTwin beside the same model in C
 * @param withoutTwin why there is no such figure, if there was to be one; or empty
 * @param noise the common yardstick beside a second one of its kind, in the same turns
 * @param noiseFloor how far that is from itself, in processor time: a ratio that is nearer to 1
 *     says nothing
 */
public record LoadFigures(
    int connections,
    Spread messagesPerSecond,
    Optional<Spread> cpuMicrosPerMessage,
    Optional<Spread> voluntarySwitches,
    Optional<Spread> involuntarySwitches,
    Optional<Spread> threads,
    Optional<Spread> residentBytes,
    Spread loaderBusy,
    Spread loaderLag99Micros,
    Spread leastServedShare,
    Spread lostShare,
    Optional<Spread> littlesLaw,
    Latencies latency,
    Optional<Latencies> uncorrected,
    Optional<Ratio> toCommon,
    Optional<Ratio> toTwin,
    String withoutTwin,
    Optional<Ratio> noise,
    Optional<Double> noiseFloor) {

  /**
   * Latencies, in microseconds: of some percentiles the median of the rounds and the spread; of all
   * the curve, over all rounds together.
   */
  public record Latencies(
      Spread p50, Spread p99, Spread p999, Spread max, List<Percentile> curve) {}

  /**
   * A point of the curve.
   *
   * @param percentile from 0 to 100
   * @param micros what so many of a hundred messages took at most
   */
  public record Percentile(double percentile, double micros) {}

  /**
   * One server as a multiple of another, round by round: within a turn, what disturbs the machine
   * disturbs both.
   *
   * @param cpu processor time per message; empty where there is no {@code /proc}
   * @param throughput messages per second
   * @param p50 the median latency
   * @param p99 what 99 of 100 messages took at most
   */
  public record Ratio(Optional<Spread> cpu, Spread throughput, Spread p50, Spread p99) {}
}
