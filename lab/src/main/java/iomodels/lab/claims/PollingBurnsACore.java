package iomodels.lab.claims;

import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.load.IdleClients;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.Spread;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A server that polls, with silent clients and with busy ones. */
final class PollingBurnsACore implements Experiment {

  private static final String POLLING = "nio-polling";
  private static final String SELECTOR = "nio-selector";
  private static final List<String> SERVERS = List.of(POLLING, SELECTOR, "blocking-threads");
  private static final int CLIENTS = 50;
  private static final int TURNS = 5;
  private static final long TURN_MILLIS = 300;

  /** A server counts as working if it reaches this share of the selector's throughput. */
  private static final double WORKS = 0.5;

  @Override
  public String id() {
    return "polling-burns-a-core";
  }

  @Override
  public String claim() {
    return "Polling burns a core and does no work.";
  }

  @Override
  public String words() {
    return ("The share of a processor that each server uses while %d clients are idle, in %d turns"
            + " of %d ms. Each server runs alone, since the polling server would take processor"
            + " time from the others. Also the cost of a message, with all clients busy and"
            + " with a single client, in turns with a selector; the polling server is stopped"
            + " during the selector's turns.")
        .formatted(CLIENTS, TURNS, TURN_MILLIS);
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    List<Spread> shares = new ArrayList<>();
    for (String name : SERVERS) {
      laboratory.doing().accept(id() + ": " + name);
      shares.add(idleShare(laboratory, name));
    }
    InterleavedResults one = laboratory.measure(List.of(SELECTOR, POLLING), Scenario.PING_1);
    InterleavedResults results = laboratory.measure(List.of(SELECTOR, POLLING), Scenario.PING_50);
    String words =
        String.format(
            Locale.ROOT,
            "The claim is true while all clients are idle: polling takes %.0f %% of a processor, a"
                + " selector %.1f %%. With %d busy clients, there is always input: polling handles"
                + " %s times the messages of a selector, at %s times the processor time per"
                + " message. With one busy client it handles %s times the messages, at %s times the"
                + " processor time.",
            100 * shares.getFirst().median(),
            100 * shares.get(1).median(),
            CLIENTS,
            results.times(POLLING, SELECTOR, InterleavedResults.THROUGHPUT),
            results.times(POLLING, SELECTOR, InterleavedResults.CPU),
            one.times(POLLING, SELECTOR, InterleavedResults.THROUGHPUT),
            one.times(POLLING, SELECTOR, InterleavedResults.CPU));
    return new Finding(
        verdict(
            shares.getFirst(),
            shares.get(1),
            results.ratios(POLLING, SELECTOR, InterleavedResults.THROUGHPUT)),
        words,
        List.of(
            chart(shares),
            one.bars(
                "Processor time per message, one client", "µs per message", InterleavedResults.CPU),
            results.bars(
                "Processor time per message, 50 busy clients",
                "µs per message",
                InterleavedResults.CPU)));
  }

  /**
   * Compares processor times: a busy machine may not give the server a whole core.
   *
   * @param loaded its throughput as a multiple of the selector's, turn by turn
   */
  static Verdict verdict(Spread polling, Spread selector, List<Double> loaded) {
    boolean burns = polling.min() > 0.5 && selector.max() < 0.2 * polling.min();
    if (!burns) {
      return polling.max() < 0.2 ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
    }
    boolean works = Order.of(loaded.stream().map(it -> it / WORKS).toList()) == Order.MORE;
    return works ? Verdict.HOLDS_WHEN : Verdict.HOLDS;
  }

  private static Spread idleShare(Laboratory laboratory, String name)
      throws IOException, LoadException, InterruptedException {
    try (Servers servers = laboratory.servers().get()) {
      ServerUnderTest server = servers.start(name, List.of());
      CostMeter meter = server.meter();
      try (IdleClients clients = new IdleClients(server.address())) {
        clients.growTo(CLIENTS, () -> {});
        List<Double> shares = new ArrayList<>();
        for (int i = 0; i < TURNS; i++) {
          long cpu = meter.cpu().toNanos();
          long start = System.nanoTime();
          TimeUnit.MILLISECONDS.sleep(TURN_MILLIS); // This is the measured time.
          shares.add((double) (meter.cpu().toNanos() - cpu) / (System.nanoTime() - start));
        }
        return Spread.of(shares.stream().mapToDouble(it -> it));
      }
    }
  }

  private static Chart chart(List<Spread> shares) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < shares.size(); i++) {
      points.add(Point.of(i, shares.get(i)));
    }
    return new Chart(
        "Share of a processor while all clients are idle",
        Axis.of("", SERVERS),
        Axis.linear("processors"),
        List.of(new Series("processors", Mark.BARS, points)));
  }
}
