package iomodels.lab.claims;

import iomodels.lab.bench.IdleMemory;
import iomodels.lab.bench.Scenario;
import iomodels.lab.load.LoadException;
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

/** Compares blocking code on virtual threads with platform threads and with a selector. */
final class VirtualGoodEnough implements Experiment {

  private static final String VIRTUAL = "blocking-virtual";
  private static final String THREADS = "blocking-threads";
  private static final String LOOP = "nio-selector";
  private static final List<String> SERVERS = List.of(VIRTUAL, THREADS, LOOP);

  /** Good enough is less than twice the processor time of a loop: less than a second machine. */
  private static final double ENOUGH = 2;

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
    return "The same blocking code on virtual and on platform threads, compared with a selector,"
        + " with 50 and with 1,000 connections, in turns. Good enough means less than twice"
        + " the selector's processor time, and less than platform threads with 1,000"
        + " connections. Also the memory of an idle connection.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    InterleavedResults few = laboratory.measure(SERVERS, Scenario.PING_50);
    InterleavedResults many = laboratory.measure(SERVERS, Scenario.PING_1000);
    Map<String, List<IdlePoint>> memory = new LinkedHashMap<>();
    for (String name : SERVERS) {
      memory.put(name, laboratory.measureMemory(name, Laboratory.IDLE_CLIENTS));
    }
    List<Double> kilobytes =
        memory.values().stream().map(it -> IdleMemory.bytesForEach(it) / 1e3).toList();
    String words =
        ("Virtual threads take %s times the selector's processor time per message with 50"
             + " connections, and %s times with 1,000; platform threads %s and %s times. Virtual"
             + " threads take %s times the time of platform threads with 50 connections, and %s"
             + " times with 1,000. If there is nothing to read, a virtual thread unmounts, is"
             + " registered with epoll, and is mounted again later: work in user space instead of a"
             + " switch in the kernel. An idle connection takes %.1f KB with a virtual thread, %.1f"
             + " KB with a platform thread, and %.1f KB with the selector.")
            .formatted(
                few.times(VIRTUAL, LOOP, InterleavedResults.CPU),
                many.times(VIRTUAL, LOOP, InterleavedResults.CPU),
                few.times(THREADS, LOOP, InterleavedResults.CPU),
                many.times(THREADS, LOOP, InterleavedResults.CPU),
                few.times(VIRTUAL, THREADS, InterleavedResults.CPU),
                many.times(VIRTUAL, THREADS, InterleavedResults.CPU),
                kilobytes.getFirst(),
                kilobytes.get(1),
                kilobytes.getLast());
    return new Finding(
        verdict(
            few.ratios(VIRTUAL, LOOP, InterleavedResults.CPU),
            many.ratios(VIRTUAL, LOOP, InterleavedResults.CPU),
            Order.of(many.ratios(VIRTUAL, THREADS, InterleavedResults.CPU))),
        words,
        List.of(chart(few, many), Laboratory.chartOfMemory(memory)));
  }

  /** Judges ratios to a selector with few and many connections, and to threads with many. */
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

  private static Chart chart(InterleavedResults few, InterleavedResults many) {
    return new Chart(
        "Processor time per message",
        Axis.of("", SERVERS),
        Axis.linear("µs per message"),
        List.of(bars("50 connections", few), bars("1,000 connections", many)));
  }

  private static Series bars(String name, InterleavedResults results) {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < SERVERS.size(); i++) {
      points.add(Point.of(i, results.of(SERVERS.get(i), InterleavedResults.CPU)));
    }
    return new Series(name, Mark.BARS, points);
  }
}
