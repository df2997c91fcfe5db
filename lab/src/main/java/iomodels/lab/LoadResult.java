package iomodels.lab;

import java.time.Duration;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * What one round of load found. Every byte of every reply was right, or there would be no result.
 *
 * @param messages how many replies were complete within the round
 * @param answered how many replies there were in all, those included that were owed at its end:
 *     what a server has worked for
 * @param duration how long the round was
 * @param latency from the first byte's being sent (in an open loop: from the message's falling due)
 *     to the last one's arrival, over every message that was sent in the round, those included
 *     whose reply came after its end; one that fell due and was never sent counts with the time
 *     that it had waited by then
 * @param histogram the same latencies, all of them, in nanoseconds; nobody may change it
 * @param uncorrected in an open loop: latencies from when each message was really sent, which hide
 *     what it waited before; empty in a closed loop
 * @param lost datagrams whose reply did not come; 0 over TCP, which loses none
 * @param lag99 how late the generator itself was in an open loop: of messages that fell due on an
 *     idle connection, 99 in a hundred were sent within that time
 * @param leastServedShare the messages of the connection that had fewest, as a share of the mean: 1
 *     is perfectly fair, 0 is a connection that starved
 * @param mostServedShare the messages of the connection that had most, as a share of the mean
 * @param busy the share of the round that the generator's thread was on a processor, and whoever
 *     else is a part of the load with it: near 1, in a closed loop, it and not the server is the
 *     limit
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
   * Percentiles, three digits of each good.
   *
   * @param p50 the median
   * @param p90 nine in ten took at most that long
   * @param p99 ninety-nine in a hundred did
   * @param p999 999 in a thousand did
   * @param max the longest
   */
  public record Latency(Duration p50, Duration p90, Duration p99, Duration p999, Duration max) {

    /** Of a histogram of nanoseconds. */
    public static Latency of(Histogram nanoseconds) {
      return new Latency(
          Duration.ofNanos(nanoseconds.getValueAtPercentile(50)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(90)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(99)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(99.9)),
          Duration.ofNanos(nanoseconds.getMaxValue()));
    }
  }

  /** The same, if the load as a whole was as busy as that. */
  LoadResult withBusy(double share) {
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

  /** The throughput. */
  public double messagesPerSecond() {
    return messages * 1e9 / duration.toNanos();
  }
}
