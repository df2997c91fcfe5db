package iomodels.lab.claims;

import iomodels.lab.LoadException;
import iomodels.lab.bench.IdleMemory;
import iomodels.lab.bench.Scenario;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.ServerResult.IdlePoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Straight-line code on virtual threads beside platform threads, and beside a selector. */
final class VirtualGoodEnough implements Experiment {

  private static final String VIRTUAL = "blocking-virtual";
  private static final String THREADS = "blocking-threads";
  private static final String LOOP = "nio-selector";
  private static final List<String> SERVERS = List.of(VIRTUAL, THREADS, LOOP);

  /** Who takes less than twice the processor time of a loop gives up less than a machine. */
  private static final double ENOUGH = 2;

  /** As in the scenario for idle connections: the first thousands of a JVM's threads are dearer. */
  private static final int WEIGHED = 15_000;

  @Override
  public String id() {
    return "virtual-good-enough";
  }

  @Override
  public String claim() {
    return "Virtual threads make blocking good enough.";
  }

  @Override
  public String words() {
    return "The same blocking code on virtual and on platform threads, beside a selector, with 50"
        + " and with 1,000 connections, in turns. Good enough is what takes less than twice"
        + " the selector's processor time, and with many connections less than platform"
        + " threads. Beside it, what an idle connection weighs.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    Trial few = laboratory.play(SERVERS, Scenario.PING_50);
    Trial many = laboratory.play(SERVERS, Scenario.PING_1000);
    Map<String, List<IdlePoint>> memory = new LinkedHashMap<>();
    for (String name : SERVERS) {
      memory.put(name, laboratory.weigh(name, WEIGHED));
    }
    List<Double> weights =
        memory.values().stream().map(it -> IdleMemory.bytesForEach(it) / 1e3).toList();
    String words =
        ("Beside the selector virtual threads take %s times the processor time for a message with"
                + " 50 connections and %s times with 1,000; platform threads %s and %s. Beside"
                + " platform threads they take %s times with 50 and %s with 1,000. A virtual thread"
                + " that finds nothing to read unmounts, is registered with epoll, and is mounted"
                + " again: work in the program instead of a switch in the kernel. An idle"
                + " connection weighs %.1f KB with a virtual thread, %.1f with a platform"
                + " thread, and %.1f with the selector.")
            .formatted(
                few.times(VIRTUAL, LOOP, Trial.CPU),
                many.times(VIRTUAL, LOOP, Trial.CPU),
                few.times(THREADS, LOOP, Trial.CPU),
                many.times(THREADS, LOOP, Trial.CPU),
                few.times(VIRTUAL, THREADS, Trial.CPU),
                many.times(VIRTUAL, THREADS, Trial.CPU),
                weights.getFirst(),
                weights.get(1),
                weights.getLast());
    return new Finding(
        verdict(
            few.ratios(VIRTUAL, LOOP, Trial.CPU),
            many.ratios(VIRTUAL, LOOP, Trial.CPU),
            Order.of(many.ratios(VIRTUAL, THREADS, Trial.CPU))),
        words,
        List.of(chart(few, many), Laboratory.chartOfMemory(memory)));
  }

  /** Beside a selector with few and with many connections, and beside threads with many. */
  static Verdict verdict(List<Double> few, List<Double> many, Order besideThreads) {
    List<Order> enough =
        List.of(
            Order.of(few.stream().map(it -> it / ENOUGH).toList()),
            Order.of(many.stream().map(it -> it / ENOUGH).toList()),
            besideThreads);
    if (enough.stream().allMatch(it -> it == Order.LESS)) {
      return Verdict.HOLDS;
    }
    if (enough.stream().allMatch(it -> it == Order.MORE)) {
      return Verdict.DOES_NOT_HOLD;
    }
    return enough.contains(Order.LESS) ? Verdict.HOLDS_WHEN : Verdict.UNDECIDED;
  }

  private static Chart chart(Trial few, Trial many) {
    return new Chart(
        "Processor time per message",
        Axis.of("", SERVERS),
        Axis.linear("µs per message"),
        List.of(bars("50 connections", few), bars("1,000 connections", many)));
  }

  private static Series bars(String name, Trial trial) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < SERVERS.size(); i++) {
      points.add(Point.of(i, trial.of(SERVERS.get(i), Trial.CPU)));
    }
    return new Series(name, Mark.BARS, points);
  }
}
