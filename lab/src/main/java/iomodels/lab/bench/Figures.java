package iomodels.lab.bench;

import iomodels.lab.bench.InterleavedRun.Cost;
import iomodels.lab.bench.InterleavedRun.Round;
import iomodels.lab.load.LoadResult;
import iomodels.lab.report.LoadFigures.Latencies;
import iomodels.lab.report.LoadFigures.Percentile;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/** Computes medians, spreads, ratios and percentile curves from rounds. */
public final class Figures {

  private static final double NANOS_PER_MICRO = 1e3;

  /** Points of a curve: about as many between 99 and 99.9 as between 0 and 90. */
  private static final List<Double> PERCENTILES =
      List.of(
          0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99,
          99.999);

  /** A percentile needs this many messages beyond it to be meaningful. */
  private static final int ENOUGH = 5;

  private Figures() {}

  /** Spread of a figure over the rounds. */
  public static Spread spread(List<Round> rounds, ToDoubleFunction<Round> figure) {
    return Spread.of(rounds.stream().mapToDouble(figure));
  }

  /** Spread of a cost over the rounds; empty if it was not measured in all of them. */
  public static Optional<Spread> cost(List<Round> rounds, ToDoubleFunction<Cost> figure) {
    return rounds.stream().allMatch(it -> it.cost().isPresent())
        ? Optional.of(spread(rounds, it -> figure.applyAsDouble(it.cost().orElseThrow())))
        : Optional.empty();
  }

  /** One server's figures as multiples of another's, turn by turn. */
  public static Ratio ratio(List<Round> mine, List<Round> other) {
    return new Ratio(
        cpuRatios(mine, other).map(it -> Spread.of(it.stream().mapToDouble(each -> each))),
        spread(mine, other, it -> it.load().messagesPerSecond()),
        spread(mine, other, it -> it.load().latency().p50().toNanos()),
        spread(mine, other, it -> it.load().latency().p99().toNanos()));
  }

  /** Processor time per message as a multiple of another server's, turn by turn. */
  static Optional<List<Double>> cpuRatios(List<Round> mine, List<Round> other) {
    if (mine.stream().anyMatch(it -> it.cost().isEmpty())
        || other.stream().anyMatch(it -> it.cost().isEmpty())) {
      return Optional.empty();
    }
    return Optional.of(
        ratios(mine, other, it -> it.cost().orElseThrow().cpuMicrosPerMessage()).boxed().toList());
  }

  private static Spread spread(
      List<Round> mine, List<Round> other, ToDoubleFunction<Round> figure) {
    return Spread.of(ratios(mine, other, figure));
  }

  private static DoubleStream ratios(
      List<Round> mine, List<Round> other, ToDoubleFunction<Round> figure) {
    return IntStream.range(0, Math.min(mine.size(), other.size()))
        .mapToDouble(i -> figure.applyAsDouble(mine.get(i)) / figure.applyAsDouble(other.get(i)));
  }

  /** Latencies from when a message was sent or, in an open loop, due. */
  static Latencies latencies(List<Round> rounds) {
    return latencies(rounds, LoadResult::histogram);
  }

  /** In an open loop: latencies from when a message was really sent. */
  static Optional<Latencies> uncorrected(List<Round> rounds) {
    return rounds.stream().allMatch(it -> it.load().uncorrected().isPresent())
        ? Optional.of(latencies(rounds, it -> it.uncorrected().orElseThrow()))
        : Optional.empty();
  }

  private static Latencies latencies(
      List<Round> rounds, Function<LoadResult, Histogram> histogram) {
    Histogram all = new Histogram(3);
    rounds.forEach(it -> all.add(histogram.apply(it.load())));
    return new Latencies(
        micros(rounds, it -> histogram.apply(it).getValueAtPercentile(50)),
        micros(rounds, it -> histogram.apply(it).getValueAtPercentile(99)),
        micros(rounds, it -> histogram.apply(it).getValueAtPercentile(99.9)),
        micros(rounds, it -> histogram.apply(it).getMaxValue()),
        curve(all));
  }

  private static Spread micros(List<Round> rounds, ToDoubleFunction<LoadResult> nanos) {
    return spread(rounds, it -> nanos.applyAsDouble(it.load()) / NANOS_PER_MICRO);
  }

  private static List<Percentile> curve(Histogram nanos) {
    List<Percentile> curve = new ArrayList<>();
    for (double percentile : PERCENTILES) {
      if (nanos.getTotalCount() * (1 - percentile / 100) >= ENOUGH) {
        curve.add(
            new Percentile(percentile, nanos.getValueAtPercentile(percentile) / NANOS_PER_MICRO));
      }
    }
    return curve;
  }

  /** In an open loop: the share of the due messages that were answered. */
  static double carriedShare(LoadResult result, int rate) {
    return result.answered() * 1e9 / result.duration().toNanos() / rate;
  }

  /** The share of the sent datagrams that had no reply. */
  static double lostShare(LoadResult result) {
    return result.lost() == 0 ? 0 : (double) result.lost() / (result.answered() + result.lost());
  }

  /**
   * Throughput times mean latency, as a share of the messages that were in flight: 1 by Little's
   * law. Replies that were outstanding at the end of the round count half, since on average half of
   * their latency lies within it.
   */
  static double littlesLaw(LoadResult result, int inFlight) {
    return result.histogram().getMean()
        * ((result.messages() + result.answered()) / 2.0)
        / result.duration().toNanos()
        / inFlight;
  }
}
