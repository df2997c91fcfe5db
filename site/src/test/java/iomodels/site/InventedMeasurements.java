package iomodels.site;

import iomodels.lab.bench.Scenario;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Latencies;
import iomodels.lab.report.LoadFigures.Percentile;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.lab.report.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** Synthetic results of a whole lab run: deterministic, and as large as a real run. */
final class InventedMeasurements {

  static final List<String> MODELS =
      List.of(
          "blocking-sequential",
          "blocking-threads",
          "blocking-pool",
          "blocking-prefork",
          "blocking-virtual",
          "nio-polling",
          "nio-selector",
          "nio-multireactor",
          "nio-async",
          "linux-select",
          "linux-poll",
          "linux-epoll",
          "linux-epoll-edge",
          "linux-sigio",
          "linux-io-uring",
          "vertx",
          "vertx-rxjava",
          "vertx-virtual",
          "reactor-netty");

  static final List<String> YARDSTICKS =
      List.of(
          "c-sequential",
          "c-threads",
          "c-select",
          "c-poll",
          "c-epoll",
          "c-epoll-edge",
          "c-sigio",
          "c-io_uring");

  /** Text that would inject markup if a page did not escape it. */
  static final String HOSTILE = "</script><b onclick=alert(1)>&amp;<!--";

  private static final double[] PERCENTILES = {0, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 100};
  private static final List<String> CALLS = List.of("epoll_wait", "read", "write", "futex");

  private static final List<Mark> MARKS = List.of(Mark.values());
  private static final List<Verdict> VERDICTS = List.of(Verdict.values());

  private final Random random = new Random(1);

  private InventedMeasurements() {}

  static Measurements make() {
    InventedMeasurements it = new InventedMeasurements();
    List<ScenarioResult> scenarios = Arrays.stream(Scenario.values()).map(it::scenario).toList();
    return new Measurements(
        new Machine(
            "./iomodels bench --all-scenarios --json lab.json",
            "2026-01-01T00:00:00Z",
            "25.0.3",
            "Linux 6.18",
            "A Processor of 3.00GHz",
            2,
            "servers on processor 1, load on processor 0"),
        scenarios,
        it.claims());
  }

  private ScenarioResult scenario(Scenario scenario) {
    List<ServerResult> servers = new ArrayList<>();
    for (String name : Stream.concat(YARDSTICKS.stream(), MODELS.stream()).toList()) {
      servers.add(server(scenario, name));
    }
    return new ScenarioResult(
        scenario.toString(), scenario.words(), 1_000, 7, List.of("-Xmx256m"), servers);
  }

  private ServerResult server(Scenario scenario, String name) {
    boolean unfit = name.equals("linux-select") && scenario == Scenario.MOSTLY_IDLE;
    boolean fails = name.equals("nio-async") && scenario == Scenario.CHURN;
    boolean isLoad = scenario != Scenario.IDLE && scenario != Scenario.SYSCALLS;
    boolean load = isLoad && !unfit && !fails;
    return new ServerResult(
        name,
        name.startsWith("vertx") ? name + " on epoll" : name,
        name.startsWith("c-") ? "" : "c-epoll",
        load ? Optional.of(figures(scenario, name)) : Optional.empty(),
        scenario == Scenario.IDLE ? Optional.of(crowd()) : Optional.empty(),
        scenario == Scenario.SYSCALLS ? Optional.of(calls()) : Optional.empty(),
        caveats(name),
        unfit ? "it has no room for 10,000 connections: " + HOSTILE : "",
        fails ? "it was reset: " + HOSTILE : "");
  }

  private static List<Caveat> caveats(String name) {
    return switch (name) {
      case "linux-epoll" -> List.of(Caveat.WITHIN_NOISE);
      case "blocking-sequential" -> List.of(Caveat.NOT_CONFORMING, Caveat.LITTLES_LAW);
      case "vertx-rxjava" -> List.of(Caveat.NOT_STEADY);
      case "c-io_uring" -> List.of(Caveat.LOADER_SATURATED, Caveat.OVERLOADED);
      default -> List.of();
    };
  }

  private LoadFigures figures(Scenario scenario, String name) {
    double cost = name.equals("nio-polling") ? 40 : 1 + random.nextDouble();
    Spread one = new Spread(1, 0.9, 1.1);
    Ratio ratio =
        new Ratio(Optional.of(around(cost)), around(1 / cost), around(cost), around(cost));
    boolean open = scenario.isOpenLoop();
    return new LoadFigures(
        scenario.connections(),
        around(180_000 / cost),
        Optional.of(around(5.5 * cost)),
        Optional.of(around(random.nextDouble())),
        Optional.of(around(random.nextDouble() / 50)),
        Optional.of(around(20)),
        Optional.of(around(80L << 20)),
        around(0.7),
        around(3),
        around(0.9),
        scenario == Scenario.UDP ? around(0.001) : new Spread(0, 0, 0),
        Optional.of(one),
        latencies(180 * cost, open ? 3 : 1),
        open ? Optional.of(latencies(150 * cost, 1)) : Optional.empty(),
        Optional.of(ratio),
        name.startsWith("c-") ? Optional.empty() : Optional.of(ratio),
        "",
        Optional.of(new Ratio(Optional.of(one), one, one, one)),
        Optional.of(0.1));
  }

  private Spread around(double figure) {
    double share = 0.02 + random.nextDouble() / 8;
    return new Spread(figure, figure * (1 - share), figure * (1 + share));
  }

  private Latencies latencies(double micros, double tail) {
    List<Percentile> curve = new ArrayList<>();
    for (int i = 0; i < PERCENTILES.length; i++) {
      double grown = Math.pow(i / 3.0, 1 + tail / 2) + 0.5;
      curve.add(new Percentile(PERCENTILES[i], micros * grown));
    }
    return new Latencies(
        around(curve.get(2).micros()),
        around(curve.get(6).micros()),
        around(curve.get(7).micros()),
        around(curve.getLast().micros()),
        curve);
  }

  private List<IdlePoint> crowd() {
    int each = 500 + random.nextInt(7_000);
    return Stream.of(0, 1_500, 5_000, 10_000, 15_000)
        .map(it -> new IdlePoint(it, (long) it * each, it * 300L))
        .toList();
  }

  private Map<String, Double> calls() {
    Map<String, Double> calls = new LinkedHashMap<>();
    for (String call : CALLS) {
      calls.put(call, random.nextDouble());
    }
    return calls;
  }

  private List<ClaimResult> claims() {
    List<ClaimResult> claims = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Verdict verdict = VERDICTS.get(i % VERDICTS.size());
      claims.add(
          new ClaimResult(
              "claim-" + i,
              i == 0
                  ? "A hostile sentence: " + HOSTILE
                  : "Select gets slower, said %d.".formatted(i),
              "Processor time per message of 50 busy connections, with 15,000 idle ones in"
                  + " addition.",
              verdict,
              "From 0 to 15,000 silent connections a message costs 12.4 times as much.",
              verdict == Verdict.NOT_TESTED
                  ? List.of()
                  : List.of(chart(MARKS.get(i % MARKS.size())))));
    }
    return claims;
  }

  private Chart chart(Mark mark) {
    List<String> three = List.of("blocking-sequential", "nio-selector", "c-epoll");
    Axis x =
        switch (mark) {
          case LINE, POINTS -> Axis.logarithmic("silent connections");
          case BARS, STACKED_BARS, SPANS -> Axis.of("", three);
        };
    List<Series> series = new ArrayList<>();
    for (String name : mark == Mark.SPANS ? List.of("A is silent", "B waits") : three) {
      List<Point> points = new ArrayList<>();
      for (int i = 0; i < three.size(); i++) {
        double at = x.categories().isEmpty() ? Math.pow(10, i) : i;
        double value = 1 + random.nextDouble() * 9;
        points.add(new Point(at, value, value * 0.8, value * 1.3));
      }
      series.add(new Series(name, mark, points));
    }
    return new Chart("What was seen, as " + mark, x, Axis.linear("µs per message"), series);
  }
}
