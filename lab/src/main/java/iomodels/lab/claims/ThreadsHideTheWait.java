package iomodels.lab.claims;

import iomodels.lab.bench.IdleMemory;
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
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.lab.report.Spread;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Tests whether threads remove the wait or only hide it. */
final class ThreadsHideTheWait implements Experiment {

  private static final String THREADS = "blocking-threads";
  private static final String SELECTOR = "nio-selector";
  private static final List<Integer> SIZES = List.of(0, 50, 100, 200);
  private static final int TURNS = 5;

  @Override
  public String id() {
    return "threads-hide-the-wait";
  }

  @Override
  public String claim() {
    return "Threads hide the wait, but do not remove it.";
  }

  @Override
  public String words() {
    return ("How long B waits while A is silent; the number of threads for 0 to %d idle clients,"
            + " and the memory for %,d; the number of waits per message with 50 busy clients.")
        .formatted(SIZES.getLast(), Laboratory.IDLE_CLIENTS);
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    Spread beside;
    List<Integer> threads;
    laboratory.doing().accept(id() + ": " + THREADS);
    try (Servers servers = laboratory.servers().get()) {
      ServerUnderTest server = servers.start(THREADS, List.of());
      List<Double> waits = new ArrayList<>();
      for (int i = 0; i < TURNS; i++) {
        waits.addAll(SilentClient.waitsBeside(server.address(), 1));
      }
      beside = Spread.of(waits.stream().mapToDouble(it -> it));
      threads = threads(server);
    }
    List<Integer> selector;
    try (Servers servers = laboratory.servers().get()) {
      selector = threads(servers.start(SELECTOR, List.of()));
    }
    List<IdlePoint> memory = laboratory.measureMemory(THREADS, Laboratory.IDLE_CLIENTS);
    List<IdlePoint> memoryOfSelector = laboratory.measureMemory(SELECTOR, Laboratory.IDLE_CLIENTS);
    Map<String, List<IdlePoint>> memoryByServer = new LinkedHashMap<>();
    memoryByServer.put(THREADS, memory);
    memoryByServer.put(SELECTOR, memoryOfSelector);
    InterleavedResults results = laboratory.measure(List.of(THREADS, SELECTOR), Scenario.PING_50);
    double perClient = (double) (threads.getLast() - threads.getFirst()) / SIZES.getLast();
    Spread waits = results.of(THREADS, InterleavedResults.WAITS);
    String words =
        String.format(
            Locale.ROOT,
            "B has its reply after %.1f ms, although A is silent. But each idle client keeps %.2f"
                + " threads waiting: there are %d threads for %d clients, with a selector %d. An"
                + " idle client takes %.1f KB, with a selector %.1f KB. And a message still costs"
                + " %s waits of a thread, with a selector %s.",
            beside.median(),
            perClient,
            threads.getLast(),
            SIZES.getLast(),
            selector.getLast(),
            IdleMemory.bytesForEach(memory) / 1e3,
            IdleMemory.bytesForEach(memoryOfSelector) / 1e3,
            InterleavedResults.words(waits),
            InterleavedResults.words(results.of(SELECTOR, InterleavedResults.WAITS)));
    return new Finding(
        verdict(beside, perClient, waits),
        words,
        List.of(
            new Chart(
                "Threads by number of idle clients",
                Axis.linear("idle clients"),
                Axis.linear("threads"),
                List.of(line(THREADS, threads), line(SELECTOR, selector))),
            Laboratory.chartOfMemory(memoryByServer),
            results.bars(
                "Waits per message, 50 busy clients",
                "voluntary context switches per message",
                InterleavedResults.WAITS)));
  }

  static Verdict verdict(Spread beside, double threadsPerClient, Spread waits) {
    boolean hidden = beside.max() < SilentClient.MILLIS / 2.0;
    boolean there = threadsPerClient > 0.9 && waits.min() > 0.5;
    if (hidden && there) {
      return Verdict.HOLDS;
    }
    return hidden ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  private static List<Integer> threads(ServerUnderTest server)
      throws IOException, LoadException, InterruptedException {
    CostMeter meter = server.meter();
    List<Integer> threads = new ArrayList<>();
    try (IdleClients clients = new IdleClients(server.address())) {
      for (int size : SIZES) {
        clients.growTo(size, () -> {});
        threads.add(meter.now().threads());
      }
    }
    return threads;
  }

  private static Series line(String name, List<Integer> threads) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < threads.size(); i++) {
      points.add(Point.of(SIZES.get(i), threads.get(i)));
    }
    return new Series(name, Mark.LINE, points);
  }
}
