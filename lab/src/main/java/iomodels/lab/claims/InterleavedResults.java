package iomodels.lab.claims;

import iomodels.lab.bench.InterleavedRun.Cost;
import iomodels.lab.bench.InterleavedRun.Round;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Results of servers that had the same load in turns.
 *
 * @param rounds of each server, by name, in the order in which they took turns
 */
record InterleavedResults(Map<String, List<Round>> rounds) {

  /** Processor time per message, in µs. */
  static final ToDoubleFunction<Round> CPU = cost(Cost::cpuMicrosPerMessage);

  /** Voluntary context switches (waits) per message. */
  static final ToDoubleFunction<Round> WAITS = cost(Cost::voluntarySwitches);

  /** The median latency, in µs. */
  static final ToDoubleFunction<Round> P50 = it -> it.load().latency().p50().toNanos() / 1e3;

  /** The 99th percentile of the latency, in µs. */
  static final ToDoubleFunction<Round> P99 = it -> it.load().latency().p99().toNanos() / 1e3;

  /** Messages per second. */
  static final ToDoubleFunction<Round> THROUGHPUT = it -> it.load().messagesPerSecond();

  private static ToDoubleFunction<Round> cost(ToDoubleFunction<Cost> figure) {
    return round -> figure.applyAsDouble(round.cost().orElseThrow());
  }

  /** Spread of a server's figure. */
  Spread of(String server, ToDoubleFunction<Round> figure) {
    return Spread.of(rounds(server).stream().mapToDouble(figure));
  }

  /** One server's figure as a multiple of another's, turn by turn. */
  List<Double> ratios(String server, String other, ToDoubleFunction<Round> figure) {
    List<Round> mine = rounds(server);
    List<Round> its = rounds(other);
    return IntStream.range(0, mine.size())
        .mapToObj(i -> figure.applyAsDouble(mine.get(i)) / figure.applyAsDouble(its.get(i)))
        .toList();
  }

  /** The same as text: {@code 1.04 [1.01..1.09]}. */
  String times(String server, String other, ToDoubleFunction<Round> figure) {
    return words(Spread.of(ratios(server, other, figure).stream().mapToDouble(it -> it)));
  }

  static String words(Spread spread) {
    return String.format(
        Locale.ROOT, "%.2f [%.2f..%.2f]", spread.median(), spread.min(), spread.max());
  }

  /** Draws a bar for each server. */
  Chart bars(String title, String label, ToDoubleFunction<Round> figure) {
    List<String> names = List.copyOf(rounds.keySet());
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      points.add(Point.of(i, of(names.get(i), figure)));
    }
    return new Chart(
        title,
        Axis.of("", names),
        Axis.linear(label),
        List.of(new Series(label, Mark.BARS, points)));
  }

  private List<Round> rounds(String server) {
    List<Round> found = rounds.get(server);
    if (found == null) {
      throw new IllegalArgumentException("no results of " + server);
    }
    return found;
  }
}
