package iomodels.lab.claims;

import iomodels.lab.Servers;
import iomodels.lab.Spread;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One client is silent while another one asks. */
final class OneBlocksTheRest implements Experiment {

  private static final List<String> SERVERS =
      List.of("blocking-sequential", "blocking-threads", "nio-selector");

  private static final int TURNS = 5;

  /**
   * A wait is the other client's if it is most of its silence, and is not if it is little of it.
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
    return ("A connects and is silent for %d ms; B connects, asks at once, and is timed. %d turns"
            + " of each server.")
        .formatted(SilentClient.MILLIS, TURNS);
  }

  @Override
  public Finding run(Laboratory laboratory) throws IOException, InterruptedException {
    List<List<Double>> waits = new ArrayList<>();
    for (String name : SERVERS) {
      laboratory.doing().accept(id() + ": " + name);
      try (Servers servers = laboratory.servers().get()) {
        waits.add(SilentClient.waitsBeside(servers.start(name, List.of()).address(), TURNS));
      }
    }
    Spread one = Spread.of(waits.getFirst().stream().mapToDouble(it -> it));
    Spread threads = Spread.of(waits.get(1).stream().mapToDouble(it -> it));
    Spread selector = Spread.of(waits.get(2).stream().mapToDouble(it -> it));
    String words =
        String.format(
            Locale.ROOT,
            "With one thread B has its reply after %.0f ms: not before A, who was silent for %d ms,"
                + " has gone, since the thread stands in A's read. With a thread for each client it"
                + " is %.1f ms, and with one thread and a selector %.1f ms.",
            one.median(),
            SilentClient.MILLIS,
            threads.median(),
            selector.median());
    return new Finding(verdict(one, threads), words, List.of(chart(waits)));
  }

  static Verdict verdict(Spread one, Spread threads) {
    if (one.min() >= MOST * SilentClient.MILLIS && threads.max() < LITTLE * SilentClient.MILLIS) {
      return Verdict.HOLDS;
    }
    return one.max() < LITTLE * SilentClient.MILLIS ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  private static Chart chart(List<List<Double>> waits) {
    List<String> rows = new ArrayList<>();
    List<Point> silent = new ArrayList<>();
    List<Point> waiting = new ArrayList<>();
    for (int i = 0; i < SERVERS.size(); i++) {
      double wait = Spread.of(waits.get(i).stream().mapToDouble(it -> it)).median();
      rows.add(SERVERS.get(i) + ": A");
      rows.add(SERVERS.get(i) + ": B");
      silent.add(new Point(2 * i, SilentClient.MILLIS, 0, SilentClient.MILLIS));
      waiting.add(new Point(2 * i + 1, wait, 0, wait));
    }
    return new Chart(
        "Who waits while A is silent",
        Axis.of("", rows),
        Axis.linear("ms since B asked"),
        List.of(
            new Series("A is silent", Mark.SPANS, silent),
            new Series("B waits for its reply", Mark.SPANS, waiting)));
  }
}
