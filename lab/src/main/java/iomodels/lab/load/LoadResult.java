package iomodels.lab.load;

import java.time.Duration;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * The result of one round of load. Every byte of every reply was right: a wrong one is a {@link
 * LoadException}.
 *
 * @param messages number of replies that were complete within the round
 * @param answered number of all replies, with those that were outstanding at the end of the round:
 *     the server's work
 * @param duration length of the round
 * @param latency time from sending the first byte of a message (in an open loop: from when it fell
 *     due) to receiving the last byte of its reply. It covers every message sent in the round, even
 *     if the reply came later. A message that fell due and was never sent counts with the time it
 *     had waited at the end of the round
 * @param histogram the same latencies in nanoseconds; must not be changed
 * @param uncorrected in an open loop: latencies from when each message was really sent, which hide
 *     the wait before that; empty in a closed loop
 * @param lost number of datagrams without a reply; 0 over TCP
 * @param lag99 99th percentile of the generator's own delay in an open loop: from when a message
 *     fell due on an idle connection to when it was sent
 * @param leastServedShare messages of the connection with the fewest, as a share of the mean: 1 is
 *     perfectly fair, 0 is a connection that starved
 * @param mostServedShare messages of the connection with the most, as a share of the mean
 * @param busy share of the round that the generator's thread, or another part of the load, was on a
 *     processor; near 1 in a closed loop, the generator and not the server is the limit
 */
public record LoadResult(
    long messages,
    long answered,
    Duration duration,
    Latency latency,
    Histogram histogram,
    Optional<Histogram> uncorrected,
    long lost,
    Duration lag99,
    double leastServedShare,
    double mostServedShare,
    double busy) {

  /**
   * Percentiles, with three significant digits.
   *
   * @param p50 the median
   * @param p90 the 90th percentile
   * @param p99 the 99th percentile
   * @param p999 the 99.9th percentile
   * @param max the maximum
   */
  public record Latency(Duration p50, Duration p90, Duration p99, Duration p999, Duration max) {

    /** Reads the percentiles of a histogram of nanoseconds. */
    public static Latency of(Histogram nanoseconds) {
      return new Latency(
          Duration.ofNanos(nanoseconds.getValueAtPercentile(50)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(90)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(99)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(99.9)),
          Duration.ofNanos(nanoseconds.getMaxValue()));
    }
  }

  /** Returns a copy with another busy share, such as that of an upstream server. */
  public LoadResult withBusy(double share) {
    return new LoadResult(
        messages,
        answered,
        duration,
        latency,
        histogram,
        uncorrected,
        lost,
        lag99,
        leastServedShare,
        mostServedShare,
        share);
  }

  /** Throughput within the round. */
  public double messagesPerSecond() {
    return messages * 1e9 / duration.toNanos();
  }
}
