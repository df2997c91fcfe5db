package iomodels.lab.report;

import java.util.List;
import java.util.Optional;

/**
 * A server's throughput, latency and costs over all rounds, each as median and range. Figures that
 * come from {@code /proc} are empty where there is none.
 *
 * @param connections number of connections
 * @param messagesPerSecond complete replies, or in {@code churn} whole connections
 * @param cpuMicrosPerMessage processor time of the server's processes, user and system
 * @param voluntarySwitches voluntary context switches (waits) per message; empty in {@code churn},
 *     where threads may end and the kernel forgets their switches
 * @param involuntarySwitches involuntary context switches per message; likewise
 * @param threads number of threads
 * @param residentBytes memory in RAM
 * @param loaderBusy the share of the time that the load generator's thread was on a processor
 * @param loaderLag99Micros 99th percentile of the load generator's own delay, in an open loop
 * @param leastServedShare messages of the client with the fewest, as a share of the mean
 * @param lostShare the share of the datagrams without a reply; 0 over TCP
 * @param littlesLaw throughput times mean latency, as a share of the messages in flight; 1 where
 *     Little's law holds
 * @param latency from sending the first byte of a message (in an open loop: from when it was due)
 *     to receiving the last byte of its reply
 * @param uncorrected in an open loop: from when the message was really sent
 * @param toCommon as a multiple of C epoll, or another server that all are compared with
 * @param toTwin as a multiple of the same model in C
 * @param withoutTwin why {@code toTwin} is missing although it was wanted, or empty
 * @param noise the second common yardstick as a multiple of the first, in the same turns
 * @param noiseFloor the largest difference between the two in processor time: a ratio that is
 *     nearer to 1 means nothing
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
   * Latencies in microseconds. Each percentile has its median and range over the rounds; the curve
   * is that of all rounds together.
   */
  public record Latencies(
      Spread p50, Spread p99, Spread p999, Spread max, List<Percentile> curve) {}

  /**
   * A point of the curve.
   *
   * @param percentile from 0 to 100
   * @param micros the latency at that percentile
   */
  public record Percentile(double percentile, double micros) {}

  /**
   * One server's figures as multiples of another's, turn by turn: a disturbance of the machine
   * affects both servers of a turn.
   *
   * @param cpu processor time per message; empty where there is no {@code /proc}
   * @param throughput messages per second
   * @param p50 the median latency
   * @param p99 the 99th percentile of the latency
   */
  public record Ratio(Optional<Spread> cpu, Spread throughput, Spread p50, Spread p99) {}
}
