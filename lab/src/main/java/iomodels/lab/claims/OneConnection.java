package iomodels.lab.claims;

import iomodels.lab.LoadException;
import iomodels.lab.bench.Scenario;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Multiplexing where there is nothing to multiplex. */
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
    return "One client, one message of 64 bytes at a time; blocking beside select, poll and epoll"
        + " in C, and beside a selector in Java, in turns.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    Trial trial = laboratory.play(SERVERS, Scenario.PING_1);
    List<Order> cpu =
        List.of(
            Order.of(trial.ratios(EPOLL_C, BLOCKING_C, Trial.CPU)),
            Order.of(trial.ratios(SELECTOR, BLOCKING, Trial.CPU)));
    List<Order> latency =
        List.of(
            Order.of(trial.ratios(EPOLL_C, BLOCKING_C, Trial.P50)),
            Order.of(trial.ratios(SELECTOR, BLOCKING, Trial.P50)));
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
        ("Each message costs one system call more, the one that waits: epoll in C takes %s times"
                + " the processor time of blocking in C, and a selector in Java %s times that of"
                + " blocking in Java. The median latency is %s and %s times as long. More in all"
                + " turns: %s.")
            .formatted(
                trial.times(EPOLL_C, BLOCKING_C, Trial.CPU),
                trial.times(SELECTOR, BLOCKING, Trial.CPU),
                trial.times(EPOLL_C, BLOCKING_C, Trial.P50),
                trial.times(SELECTOR, BLOCKING, Trial.P50),
                more.isEmpty() ? "none of these" : String.join(", ", more));
    return new Finding(
        verdict(cpu, latency),
        words,
        List.of(
            trial.bars("Median latency, one connection", "µs", Trial.P50),
            trial.bars("Processor time per message, one connection", "µs", Trial.CPU)));
  }

  /**
   * Multiplexing beside blocking, in C and in Java. It holds when one looks at one of the two
   * figures, or at one of the two languages, if all that one sees there agrees.
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
