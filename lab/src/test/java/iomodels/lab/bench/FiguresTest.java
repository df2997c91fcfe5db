package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import iomodels.lab.bench.InterleavedRun.Cost;
import iomodels.lab.bench.InterleavedRun.Round;
import iomodels.lab.load.LoadResult;
import iomodels.lab.report.LoadFigures.Percentile;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class FiguresTest {

  /** A second in which each message took that long. */
  private static Round round(long messages, long latencyMicros, double cpu) {
    return round(messages, messages, latencyMicros, cpu);
  }

  private static Round round(long messages, long answered, long latencyMicros, double cpu) {
    Histogram histogram = new Histogram(3);
    histogram.recordValueWithCount(latencyMicros * 1_000, answered);
    LoadResult load =
        new LoadResult(
            messages,
            answered,
            Duration.ofSeconds(1),
            LoadResult.Latency.of(histogram),
            histogram,
            Optional.empty(),
            0,
            Duration.ZERO,
            1,
            1,
            0.5);
    return new Round(load, Optional.of(new Cost(cpu, 0, 0, 1, 1)));
  }

  @Test
  void littlesLawHoldsForWhatIsTrueAndNotForWhatIsNot() {
    // 10,000 messages per second with a latency of 5 ms: 50 are in flight.
    LoadResult result = round(10_000, 5_000, 1).load();

    assertThat(Figures.littlesLaw(result, 50)).isCloseTo(1, within(0.01));
    assertThat(Figures.littlesLaw(result, 100)).isCloseTo(0.5, within(0.01));
    // 1,000 on their way for 400 ms each: 2,000 come within the second, and the last 1,000 have
    // half of their way behind them when it ends.
    assertThat(Figures.littlesLaw(round(2_000, 3_000, 400_000, 1).load(), 1_000))
        .isCloseTo(1, within(0.01));
  }

  @Test
  void ratiosAreTakenTurnByTurn() {
    List<Round> mine = List.of(round(100, 10, 2), round(50, 20, 8));
    List<Round> other = List.of(round(100, 10, 1), round(25, 20, 4));

    assertThat(Figures.ratio(mine, other).cpu().orElseThrow().min()).isEqualTo(2);
    assertThat(Figures.ratio(mine, other).cpu().orElseThrow().max()).isEqualTo(2);
    assertThat(Figures.ratio(mine, other).throughput().max()).isEqualTo(2);
  }

  @Test
  void aCurveEndsWhereTooFewMessagesTell() {
    List<Percentile> curve = Figures.latencies(List.of(round(1_000, 70, 1))).curve();

    assertThat(curve.getLast().percentile()).isEqualTo(99.5);
    assertThat(curve.getLast().micros()).isCloseTo(70, within(0.1));
  }
}
