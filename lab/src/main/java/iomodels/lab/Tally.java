package iomodels.lab;

import java.time.Duration;
import java.util.Optional;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/** What is counted in one round. Nothing is allocated per message. For use by one thread. */
final class Tally {

  /** Three digits of each latency are kept, from nanoseconds on. */
  private static final int DIGITS = 3;

  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** Of the interval that runs, and of all before it. */
  private final Histogram latencies = new Histogram(DIGITS);

  private final Histogram uncorrected = new Histogram(DIGITS);
  private final Histogram allLatencies = new Histogram(DIGITS);
  private final Histogram allUncorrected = new Histogram(DIGITS);
  private final Histogram lags = new Histogram(DIGITS);
  private final boolean open;
  private long answered;
  private long lost;
  private long start;
  private long intervalStart;

  /** For an open loop, or for a closed one. */
  Tally(boolean open) {
    this.open = open;
  }

  void reset(long now) {
    start = now;
    intervalStart = now;
    latencies.reset();
    uncorrected.reset();
    allLatencies.reset();
    allUncorrected.reset();
    lags.reset();
    answered = 0;
    lost = 0;
  }

  /** A reply was complete, whose message was begun, or fell due, at that time. */
  void answered(long begun, long now) {
    latencies.recordValue(now - begun);
    answered++;
  }

  /** A line was delivered, to one of many. */
  void delivered() {
    answered++;
  }

  /** A line was delivered to the last of them, which was begun, or fell due, at that time. */
  void deliveredToAll(long begun, long now) {
    latencies.recordValue(now - begun);
  }

  /** The same reply, counted from when its message was really handed over, in an open loop. */
  void uncorrected(long handedOver, long now) {
    uncorrected.recordValue(now - handedOver);
  }

  /** A message fell due and was never sent: it has waited for that long, at least. */
  void neverSent(long nanos) {
    latencies.recordValue(nanos);
  }

  /** A datagram's reply did not come. */
  void lost() {
    lost++;
  }

  /** The generator was that late with a message that nothing but itself held up. */
  void late(long nanos) {
    lags.recordValue(Math.max(0, nanos));
  }

  /** Lets an observer look, now and then. */
  void show(Observer observer, long now) {
    if (now - intervalStart >= INTERVAL_NANOS) {
      endInterval(observer, now);
    }
  }

  private void endInterval(Observer observer, long now) {
    allLatencies.add(latencies);
    allUncorrected.add(uncorrected);
    observer.saw(
        new Observer.Interval(
            (intervalStart - start) / NANOS_PER_MILLI,
            (now - start) / NANOS_PER_MILLI,
            latencies.copy(),
            open ? Optional.of(uncorrected.copy()) : Optional.empty()));
    latencies.reset();
    uncorrected.reset();
    intervalStart = now;
  }

  /**
   * The result, once all that was owed has come.
   *
   * @param schedule of the round
   * @param served how many replies each connection had within the round
   * @param busy the share of the round that the generator's thread was on a processor
   */
  LoadResult result(Schedule schedule, Observer observer, long[] served, double busy) {
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
