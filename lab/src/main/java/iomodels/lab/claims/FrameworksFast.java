package iomodels.lab.claims;

import static java.util.stream.Collectors.joining;

import iomodels.lab.bench.Scenario;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Compares frameworks with a thread per connection, and with the event loop below them. */
final class FrameworksFast implements Experiment {

  private static final List<String> FRAMEWORKS =
      List.of("vertx", "reactor-netty", "vertx-rxjava", "vertx-virtual");
  private static final String THREADS = "blocking-threads";
  private static final String LOOP = "nio-selector";
  private static final String PLAIN_C = "c-epoll";

  @Override
  public String id() {
    return "frameworks-fast";
  }

  @Override
  public String claim() {
    return "Async frameworks are fast.";
  }

  @Override
  public String words() {
    return "Frameworks compared with a thread per connection, with the bare selector that they are"
        + " built on, and with plain C, in turns: 50 connections, 64 bytes and 16 KiB.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    List<String> names = new ArrayList<>(List.of(PLAIN_C, LOOP, THREADS));
    names.addAll(FRAMEWORKS);
    InterleavedResults small = laboratory.measure(names, Scenario.PING_50);
    InterleavedResults large = laboratory.measure(names, Scenario.LARGE);
    String words =
        ("Processor time per message with 64 bytes, as a multiple of threads: %s; of the bare loop:"
             + " %s; of C: %s. With 16 KiB, as a multiple of threads: %s; of C: %s. Frameworks save"
             + " thread switches, but spend some of that time between socket and program: on"
             + " pipelines, buffers and futures. vertx-virtual spends it on the switches to a"
             + " virtual thread and back. Cheaper than threads in all turns: %s with 64 bytes, %s"
             + " with 16 KiB.")
            .formatted(
                beside(small, THREADS),
                beside(small, LOOP),
                beside(small, PLAIN_C),
                beside(large, THREADS),
                beside(large, PLAIN_C),
                cheaper(small),
                cheaper(large));
    return new Finding(
        verdict(orders(small), orders(large)),
        words,
        List.of(
            small.bars(
                "Processor time per message of 64 bytes", "µs per message", InterleavedResults.CPU),
            small.bars("99th percentile of latency, 64 bytes", "µs", InterleavedResults.P99),
            large.bars(
                "Processor time per message of 16 KiB", "µs per message", InterleavedResults.CPU)));
  }

  private static String cheaper(InterleavedResults results) {
    List<String> cheaper =
        FRAMEWORKS.stream()
            .filter(
                it -> Order.of(results.ratios(it, THREADS, InterleavedResults.CPU)) == Order.LESS)
            .toList();
    return cheaper.isEmpty() ? "none" : String.join(", ", cheaper);
  }

  private static String beside(InterleavedResults results, String other) {
    return FRAMEWORKS.stream()
        .map(it -> it + " " + results.times(it, other, InterleavedResults.CPU))
        .collect(joining(", "));
  }

  private static List<Order> orders(InterleavedResults results) {
    return FRAMEWORKS.stream()
        .map(it -> Order.of(results.ratios(it, THREADS, InterleavedResults.CPU)))
        .toList();
  }

  /**
   * Computes the verdict from each framework's processor time, compared with a thread per
   * connection. A framework counts only if small and large messages agree: one result of eight may
   * be chance.
   */
  static Verdict verdict(List<Order> small, List<Order> large) {
    List<Order> both = new ArrayList<>();
    for (int i = 0; i < small.size(); i++) {
      both.add(small.get(i) == large.get(i) ? small.get(i) : Order.ALIKE);
    }
    if (both.stream().allMatch(it -> it == Order.LESS)) {
      return Verdict.HOLDS;
    }
    if (both.contains(Order.LESS)) {
      return Verdict.HOLDS_WHEN;
    }
    return both.contains(Order.MORE) ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }
}
