package iomodels.lab.claims;

import iomodels.lab.Contestant;
import iomodels.lab.Crowd;
import iomodels.lab.LoadException;
import iomodels.lab.Servers;
import iomodels.lab.Spread;
import iomodels.lab.bench.IdleMemory;
import iomodels.lab.bench.Scenario;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Whether the wait has gone, or is only somebody else's. */
final class ThreadsHideTheWait implements Experiment {

  private static final String THREADS = "blocking-threads";
  private static final String SELECTOR = "nio-selector";
  private static final List<Integer> CROWDS = List.of(0, 50, 100, 200);
  private static final int TURNS = 5;

  /** As in the scenario for idle connections: the first thousands of a JVM's threads are dearer. */
  private static final int WEIGHED = 15_000;

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
    return "How long B waits beside a silent A; how many threads there are for 0 to %d silent clients,"
            .formatted(CROWDS.getLast())
        + " and how much memory for %,d; how often a thread waits for each message, with 50"
            .formatted(WEIGHED)
        + " clients that talk.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    Spread beside;
    List<Integer> threads;
    laboratory.doing().accept(id() + ": " + THREADS);
    try (Servers servers = laboratory.servers().get()) {
      Contestant server = servers.start(THREADS, List.of());
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
    List<IdlePoint> memory = laboratory.weigh(THREADS, WEIGHED);
    List<IdlePoint> memoryOfSelector = laboratory.weigh(SELECTOR, WEIGHED);
    Map<String, List<IdlePoint>> weighed = new LinkedHashMap<>();
    weighed.put(THREADS, memory);
    weighed.put(SELECTOR, memoryOfSelector);
    Trial trial = laboratory.play(List.of(THREADS, SELECTOR), Scenario.PING_50);
    double perClient = (double) (threads.getLast() - threads.getFirst()) / CROWDS.getLast();
    Spread waits = trial.of(THREADS, Trial.WAITS);
    String words =
        String.format(
            Locale.ROOT,
            "B has its reply after %.1f ms, whoever else is silent. But each silent client keeps"
                + " %.2f threads waiting, %d for %d clients, where a selector has %d;"
                + " it weighs %.1f KB, and one of the selector's %.1f; and a message"
                + " still costs %s waits of a thread, where one of a selector costs %s.",
            beside.median(),
            perClient,
            threads.getLast(),
            CROWDS.getLast(),
            selector.getLast(),
            IdleMemory.bytesForEach(memory) / 1e3,
            IdleMemory.bytesForEach(memoryOfSelector) / 1e3,
            Trial.words(waits),
            Trial.words(trial.of(SELECTOR, Trial.WAITS)));
    return new Finding(
        verdict(beside, perClient, waits),
        words,
        List.of(
            new Chart(
                "Threads against silent clients",
                Axis.linear("silent clients"),
                Axis.linear("threads"),
                List.of(line(THREADS, threads), line(SELECTOR, selector))),
            Laboratory.chartOfMemory(weighed),
            trial.bars(
                "Waits per message, 50 clients that talk",
                "voluntary switches per message",
                Trial.WAITS)));
  }

  static Verdict verdict(Spread beside, double threadsPerClient, Spread waits) {
    boolean hidden = beside.max() < SilentClient.MILLIS / 2.0;
    boolean there = threadsPerClient > 0.9 && waits.min() > 0.5;
    if (hidden && there) {
      return Verdict.HOLDS;
    }
    return hidden ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  private static List<Integer> threads(Contestant server)
      throws IOException, LoadException, InterruptedException {
    CostMeter meter = server.meter();
    List<Integer> threads = new ArrayList<>();
    try (Crowd crowd = new Crowd(server.address())) {
      for (int size : CROWDS) {
        crowd.growTo(size, () -> {});
        threads.add(meter.now().threads());
      }
    }
    return threads;
  }

  private static Series line(String name, List<Integer> threads) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < threads.size(); i++) {
      points.add(Point.of(CROWDS.get(i), threads.get(i)));
    }
    return new Series(name, Mark.LINE, points);
  }
}
