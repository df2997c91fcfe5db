package iomodels.cli;

import iomodels.lab.bench.LoaderInC;
import iomodels.lab.load.Load;
import iomodels.lab.load.LoadException;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.load.LoadResult;
import iomodels.lab.report.Spread;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The load generator beside the one in C, in turns on the same server.
 *
 * @param messagesPerSecond of ours
 * @param messagesPerSecondInC of the one in C
 * @param ratio ours as a multiple, turn by turn
 * @param cpuRatio processor time per message, ours as a multiple
 * @param noise the one in C as a multiple of itself, from turn to turn
 * @param busy the share of the time that our thread was on a processor
 */
record LoaderComparison(
    int rounds,
    Spread messagesPerSecond,
    Spread messagesPerSecondInC,
    Spread ratio,
    Spread cpuRatio,
    Spread noise,
    Spread busy) {

  private static final int ROUNDS = 7;

  /** Takes twice the warm-up and twice the duration. */
  static LoaderComparison of(Load load, LoadGenerator generator, Duration warmUp, Duration duration)
      throws IOException, LoadException, InterruptedException {
    Duration round = duration.dividedBy(ROUNDS);
    List<LoadResult> ours = new ArrayList<>();
    List<LoaderInC.Result> others = new ArrayList<>();
    try (LoaderInC other = LoaderInC.connect(load, List.of())) {
      other.round(warmUp);
      generator.round(warmUp);
      for (int i = 0; i < ROUNDS; i++) {
        others.add(other.round(round));
        ours.add(generator.round(round));
      }
    }
    double seconds = round.toNanos() / 1e9;
    List<Double> ratios = new ArrayList<>();
    List<Double> cpu = new ArrayList<>();
    List<Double> noise = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      LoadResult mine = ours.get(i);
      LoaderInC.Result its = others.get(i);
      ratios.add((double) mine.answered() / its.messages());
      cpu.add(
          mine.busy()
              * round.toNanos()
              / mine.answered()
              / ((double) its.cpu().toNanos() / its.messages()));
      if (i > 0) {
        noise.add((double) its.messages() / others.get(i - 1).messages());
      }
    }
    return new LoaderComparison(
        ROUNDS,
        Spread.of(ours.stream().mapToDouble(it -> it.answered() / seconds)),
        Spread.of(others.stream().mapToDouble(it -> it.messages() / seconds)),
        spread(ratios),
        spread(cpu),
        spread(noise),
        Spread.of(ours.stream().mapToDouble(LoadResult::busy)));
  }

  private static Spread spread(List<Double> figures) {
    return Spread.of(figures.stream().mapToDouble(it -> it));
  }

  void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "In %d turns: the loader in C %,.0f messages a second, this one %,.0f.%n",
        rounds,
        messagesPerSecondInC.median(),
        messagesPerSecond.median());
    out.printf(
        "This one drives %s times as many, for %s times the processor time each.%n",
        BenchTable.spread(ratio), BenchTable.spread(cpuRatio));
    out.printf(
        Locale.ROOT,
        "The loader in C, from turn to turn: %s. This one's thread was busy for %.0f %% of the"
            + " time.%n",
        BenchTable.spread(noise),
        100 * busy.median());
    out.flush();
  }
}
