package iomodels.lab.claims;

import iomodels.lab.bench.Scenario;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Multiplexing with a single connection. */
final class OneConnection implements Experiment {

  private static final String BLOCKING_C = "c-sequential";
  private static final String EPOLL_C = "c-epoll";
  private static final String BLOCKING = "blocking-sequential";
  private static final String SELECTOR = "nio-selector";
  private static final List<String> SERVERS =
      List.of(BLOCKING_C, "c-select", "c-poll", EPOLL_C, BLOCKING, SELECTOR);

  @Override
  public String id() {
    return "one-connection";
  }

  @Override
  public String claim() {
    return "With a single connection multiplexing is slower than blocking.";
  }

  @Override
  public String words() {
    return "One client, one message of 64 bytes at a time: blocking compared with select, poll and"
        + " epoll in C, and with a selector in Java, in turns.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    InterleavedResults results = laboratory.measure(SERVERS, Scenario.PING_1);
    List<Order> cpu =
        List.of(
            Order.of(results.ratios(EPOLL_C, BLOCKING_C, InterleavedResults.CPU)),
            Order.of(results.ratios(SELECTOR, BLOCKING, InterleavedResults.CPU)));
    List<Order> latency =
        List.of(
            Order.of(results.ratios(EPOLL_C, BLOCKING_C, InterleavedResults.P50)),
            Order.of(results.ratios(SELECTOR, BLOCKING, InterleavedResults.P50)));
    List<String> more = new ArrayList<>();
    List<String> what =
        List.of("processor time in C", "processor time in Java", "latency in C", "latency in Java");
    List<Order> all = Stream.concat(cpu.stream(), latency.stream()).toList();
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i) == Order.MORE) {
        more.add(what.get(i));
      }
    }
    String words =
        ("Multiplexing adds one system call per message, the call that waits. epoll in C takes %s"
                + " times the processor time of blocking in C, a selector in Java %s times that of"
                + " blocking in Java. The median latency is %s and %s times as long. More in all"
                + " turns: %s.")
            .formatted(
                results.times(EPOLL_C, BLOCKING_C, InterleavedResults.CPU),
                results.times(SELECTOR, BLOCKING, InterleavedResults.CPU),
                results.times(EPOLL_C, BLOCKING_C, InterleavedResults.P50),
                results.times(SELECTOR, BLOCKING, InterleavedResults.P50),
                more.isEmpty() ? "none of these" : String.join(", ", more));
    return new Finding(
        verdict(cpu, latency),
        words,
        List.of(
            results.bars("Median latency, one connection", "µs", InterleavedResults.P50),
            results.bars(
                "Processor time per message, one connection", "µs", InterleavedResults.CPU)));
  }

  /**
   * Compares multiplexing with blocking, in C and in Java. The claim holds under a condition if it
   * holds for one of the two figures in both languages, or for one of the languages in both
   * figures.
   */
  static Verdict verdict(List<Order> cpu, List<Order> latency) {
    List<List<Order>> views = new ArrayList<>(List.of(cpu, latency));
    for (int i = 0; i < cpu.size(); i++) {
      views.add(List.of(cpu.get(i), latency.get(i)));
    }
    List<Boolean> more = views.stream().map(OneConnection::isAllMore).toList();
    if (more.stream().allMatch(it -> it)) {
      return Verdict.HOLDS;
    }
    if (more.contains(true)) {
      return Verdict.HOLDS_WHEN;
    }
    boolean any = views.stream().flatMap(List::stream).anyMatch(it -> it != Order.LESS);
    return any ? Verdict.UNDECIDED : Verdict.DOES_NOT_HOLD;
  }

  private static boolean isAllMore(List<Order> orders) {
    return orders.stream().allMatch(it -> it == Order.MORE);
  }
}
