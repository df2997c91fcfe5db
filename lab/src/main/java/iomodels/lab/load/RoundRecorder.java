package iomodels.lab.load;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * Counts replies and records latencies during a round. Allocates nothing per message. For use by
 * one thread.
 */
final class RoundRecorder {

  /** Significant digits of each latency; the smallest is a nanosecond. */
  private static final int DIGITS = 3;

  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** Latencies of the current interval; {@code all…} are those of the intervals before it. */
  private final Histogram latencies = new Histogram(DIGITS);

  private final Histogram uncorrected = new Histogram(DIGITS);
  private final Histogram allLatencies = new Histogram(DIGITS);
  private final Histogram allUncorrected = new Histogram(DIGITS);
  private final Histogram lags = new Histogram(DIGITS);
  private final boolean open;

  /** By connection: how many replies it had within the round. */
  private final long[] served;

  private long answered;
  private long lost;
  private long start;
  private long intervalStart;

  /**
   * For the rounds of one load.
   *
   * @param open whether the loop is open
   */
  RoundRecorder(boolean open, int connections) {
    this.open = open;
    served = new long[connections];
  }

  void reset(long now) {
    start = now;
    intervalStart = now;
    latencies.reset();
    uncorrected.reset();
    allLatencies.reset();
    allUncorrected.reset();
    lags.reset();
    Arrays.fill(served, 0);
    answered = 0;
    lost = 0;
  }

  /**
   * A reply is complete.
   *
   * @param begun when its message was sent; in an open loop, when it fell due
   * @param handedOver when its message was sent, in either loop
   */
  void replied(long begun, long handedOver, long now) {
    answered++;
    latency(begun, handedOver, now);
  }

  /** A line has been delivered to one of its receivers. */
  void delivered() {
    answered++;
  }

  /** A line has been delivered to the last of its receivers; parameters as of a reply. */
  void deliveredToAll(long begun, long handedOver, long now) {
    latency(begun, handedOver, now);
  }

  private void latency(long begun, long handedOver, long now) {
    latencies.recordValue(now - begun);
    if (open) {
      uncorrected.recordValue(now - handedOver);
    }
  }

  /** A connection has had a reply within the round. */
  void served(int connection) {
    served[connection]++;
  }

  /** A message fell due and was never sent: it has waited for that long, at least. */
  void neverSent(long nanos) {
    latencies.recordValue(nanos);
  }

  /** The reply to a datagram did not arrive in time. */
  void lost() {
    lost++;
  }

  /** The generator sent a message that late, although its connection was idle. */
  void late(long nanos) {
    lags.recordValue(Math.max(0, nanos));
  }

  /** Calls the observer, if an interval has passed. */
  void show(RoundObserver observer, long now) {
    if (now - intervalStart >= INTERVAL_NANOS) {
      endInterval(observer, now);
    }
  }

  private void endInterval(RoundObserver observer, long now) {
    allLatencies.add(latencies);
    allUncorrected.add(uncorrected);
    observer.intervalEnded(
        new RoundObserver.Interval(
            (intervalStart - start) / NANOS_PER_MILLI,
            (now - start) / NANOS_PER_MILLI,
            latencies.copy(),
            open ? Optional.of(uncorrected.copy()) : Optional.empty()));
    latencies.reset();
    uncorrected.reset();
    intervalStart = now;
  }

  /**
   * The result of a round, after its last reply.
   *
   * @param schedule of the round
   * @param busy the share of the round that the generator's thread was on a processor
   */
  LoadResult result(Schedule schedule, RoundObserver observer, double busy) {
    endInterval(observer, System.nanoTime());
    long total = LongStream.of(served).sum();
    double mean = (double) total / served.length;
    return new LoadResult(
        total,
        answered,
        Duration.ofNanos(schedule.end() - schedule.start()),
        LoadResult.Latency.of(allLatencies),
        allLatencies.copy(),
        open ? Optional.of(allUncorrected.copy()) : Optional.empty(),
        lost,
        Duration.ofNanos(lags.getValueAtPercentile(99)),
        total == 0 ? 0 : LongStream.of(served).min().orElseThrow() / mean,
        total == 0 ? 0 : LongStream.of(served).max().orElseThrow() / mean,
        busy);
  }
}
