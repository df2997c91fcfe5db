package iomodels.lab.claims;

import iomodels.lab.bench.Servers;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.Spread;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One client is silent while two others send. */
final class OneBlocksTheRest implements Experiment {

  private static final List<String> SERVERS =
      List.of("blocking-sequential", "blocking-threads", "nio-selector");

  private static final int TURNS = 5;

  /**
   * A client waits for the silent one if its wait is at least this share of the silence, and does
   * not if it is less than {@code LITTLE}.
   */
  private static final double MOST = 0.8;

  private static final double LITTLE = 0.5;

  @Override
  public String id() {
    return "one-blocks-the-rest";
  }

  @Override
  public String claim() {
    return "One blocking thread serves one client and makes the rest wait.";
  }

  @Override
  public String words() {
    return ("A connects and is silent for %d ms. B and C connect, send a message at once, and are"
            + " timed. %d turns, all servers in each.")
        .formatted(SilentClient.MILLIS, TURNS);
  }

  @Override
  public Finding run(Laboratory laboratory) throws IOException, InterruptedException {
    List<List<Double>> b = new ArrayList<>();
    List<List<Double>> c = new ArrayList<>();
    SERVERS.forEach(
        _ -> {
          b.add(new ArrayList<>());
          c.add(new ArrayList<>());
        });
    try (Servers servers = laboratory.servers().get()) {
      List<InetSocketAddress> addresses = new ArrayList<>();
      for (String name : SERVERS) {
        addresses.add(servers.start(name, List.of()).address());
      }
      for (int turn = 0; turn < TURNS; turn++) {
        laboratory.doing().accept("%s: turn %d of %d".formatted(id(), turn + 1, TURNS));
        for (int i = 0; i < addresses.size(); i++) {
          List<Double> waits = SilentClient.waitsBeside(addresses.get(i), 2);
          b.get(i).add(waits.getFirst());
          c.get(i).add(waits.getLast());
        }
      }
    }
    List<Spread> ofB = b.stream().map(OneBlocksTheRest::spread).toList();
    List<Spread> ofC = c.stream().map(OneBlocksTheRest::spread).toList();
    String words =
        String.format(
            Locale.ROOT,
            "With one thread, B has its reply after %.0f ms and C after %.0f ms: only after A,"
                + " which was silent for %d ms, has closed its connection, since the thread was"
                + " blocked in A's read. With one thread per client it is %.1f and %.1f ms, with"
                + " one thread and a selector %.1f and %.1f ms.",
            ofB.getFirst().median(),
            ofC.getFirst().median(),
            SilentClient.MILLIS,
            ofB.get(1).median(),
            ofC.get(1).median(),
            ofB.get(2).median(),
            ofC.get(2).median());
    return new Finding(
        verdict(List.of(ofB.getFirst(), ofC.getFirst()), List.of(ofB.get(1), ofC.get(1))),
        words,
        List.of(chart(ofB, ofC)));
  }

  private static Spread spread(List<Double> waits) {
    return Spread.of(waits.stream().mapToDouble(it -> it));
  }

  /** Judges the others' waits with one thread, and with a thread for each client. */
  static Verdict verdict(List<Spread> one, List<Spread> threads) {
    boolean waits = one.stream().allMatch(it -> it.min() >= MOST * SilentClient.MILLIS);
    if (waits && threads.stream().allMatch(it -> it.max() < LITTLE * SilentClient.MILLIS)) {
      return Verdict.HOLDS;
    }
    return one.stream().allMatch(it -> it.max() < LITTLE * SilentClient.MILLIS)
        ? Verdict.DOES_NOT_HOLD
        : Verdict.UNDECIDED;
  }

  private static Chart chart(List<Spread> b, List<Spread> c) {
    List<String> rows = new ArrayList<>();
    List<Point> silent = new ArrayList<>();
    List<Point> waiting = new ArrayList<>();
    for (int i = 0; i < SERVERS.size(); i++) {
      silent.add(new Point(rows.size(), SilentClient.MILLIS, 0, SilentClient.MILLIS));
      rows.add(SERVERS.get(i) + ": A");
      for (Map.Entry<String, Spread> other :
          List.of(Map.entry("B", b.get(i)), Map.entry("C", c.get(i)))) {
        double wait = other.getValue().median();
        waiting.add(new Point(rows.size(), wait, 0, wait));
        rows.add(SERVERS.get(i) + ": " + other.getKey());
      }
    }
    return new Chart(
        "Waiting times while A is silent",
        Axis.of("", rows),
        Axis.linear("ms since B and C sent"),
        List.of(
            new Series("A is silent", Mark.SPANS, silent),
            new Series("waiting for the reply", Mark.SPANS, waiting)));
  }
}
