package iomodels.lab;

import java.time.Duration;
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
 * @param lag99 how late the generator itself was in an open loop: of messages that fell due on an
 *     idle connection, 99 in a hundred were sent within that time
 * @param leastServedShare the messages of the connection that had fewest, as a share of the mean: 1
 *     is perfectly fair, 0 is a connection that starved
 */
public record LoadResult(
    long messages,
    long answered,
    Duration duration,
    Latency latency,
    Duration lag99,
    double leastServedShare) {

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

    static Latency of(Histogram nanoseconds) {
      return new Latency(
          Duration.ofNanos(nanoseconds.getValueAtPercentile(50)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(90)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(99)),
          Duration.ofNanos(nanoseconds.getValueAtPercentile(99.9)),
          Duration.ofNanos(nanoseconds.getMaxValue()));
    }
  }

  /** The throughput. */
  public double messagesPerSecond() {
    return messages * 1e9 / duration.toNanos();
  }
}
