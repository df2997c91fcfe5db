package iomodels.cli.output;

import iomodels.lab.bench.LoaderInC;
import iomodels.lab.load.LoadResult;
import iomodels.lab.report.Spread;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Comparison of the load generator with the one in C, in turns on the same server.
 *
 * @param messagesPerSecond throughput of the load generator
 * @param messagesPerSecondInC throughput of the one in C
 * @param ratio throughput as a multiple of C, turn by turn
 * @param cpuRatio processor time per message as a multiple of C
 * @param noise throughput in C as a multiple of that of the previous turn
 * @param busy share of the time that the load generator's thread was on a processor
 */
public record LoaderComparison(
    int rounds,
    Spread messagesPerSecond,
    Spread messagesPerSecondInC,
    Spread ratio,
    Spread cpuRatio,
    Spread noise,
    Spread busy) {

  /** Number of turns. */
  public static final int ROUNDS = 7;

  /** Compares the results of rounds that were run in turns. */
  public static LoaderComparison of(
      List<LoadResult> ours, List<LoaderInC.Result> others, Duration round) {
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

  /** Prints the comparison. */
  public void print(PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "In %d turns: the load generator in C %,.0f messages per second, this one %,.0f.%n",
        rounds,
        messagesPerSecondInC.median(),
        messagesPerSecond.median());
    out.printf(
        "This one sends %s times as many, for %s times the processor time per message.%n",
        BenchTable.spread(ratio), BenchTable.spread(cpuRatio));
    out.printf(
        Locale.ROOT,
        "The load generator in C, from turn to turn: %s. This one's thread was busy for %.0f %%"
            + " of the time.%n",
        BenchTable.spread(noise),
        100 * busy.median());
    out.flush();
  }
}
