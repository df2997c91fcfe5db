package iomodels.lab.claims;

import iomodels.lab.bench.Scenario;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Compares completion with readiness, in three ways, and an asynchronous framework. */
final class AsyncFastest implements Experiment {

  /**
   * An asynchronous server, and one in the same language that waits for readiness. Vert.x is
   * asynchronous for its users; internally it waits for readiness as well.
   */
  private static final Map<String, String> PAIRS = new LinkedHashMap<>();

  static {
    PAIRS.put("nio-async", "nio-selector");
    PAIRS.put("vertx", "nio-selector");
    PAIRS.put("linux-io-uring", "linux-epoll");
    PAIRS.put("c-io_uring", "c-epoll");
  }

  @Override
  public String id() {
    return "async-fastest";
  }

  @Override
  public String claim() {
    return "Asynchronous I/O is the fastest of all.";
  }

  @Override
  public String words() {
    return "Asynchronous servers compared with servers that wait for readiness, in turns: Java's"
        + " asynchronous channels and Vert.x with Java's Selector, io_uring with epoll in"
        + " Java and in C. 50 connections, 64 bytes.";
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    List<String> names =
        PAIRS.entrySet().stream()
            .flatMap(it -> Stream.of(it.getKey(), it.getValue()))
            .distinct()
            .toList();
    InterleavedResults results = laboratory.measure(names, Scenario.PING_50);
    List<Order> orders =
        PAIRS.entrySet().stream()
            .map(it -> Order.of(results.ratios(it.getKey(), it.getValue(), InterleavedResults.CPU)))
            .toList();
    String words =
        ("Processor time per message, as a multiple of the server that waits for readiness:"
             + " asynchronous channels %s, Vert.x %s, io_uring in Java %s, in C %s. On Linux,"
             + " asynchronous channels are epoll and a thread pool, with an object and a handler"
             + " for each operation; Vert.x is epoll and a pipeline. io_uring saves system calls:"
             + " one for many messages instead of two for each. But most of the cost of a message"
             + " is TCP itself, which is the same for all. Cheaper in all turns: %s.")
            .formatted(
                results.times("nio-async", "nio-selector", InterleavedResults.CPU),
                results.times("vertx", "nio-selector", InterleavedResults.CPU),
                results.times("linux-io-uring", "linux-epoll", InterleavedResults.CPU),
                results.times("c-io_uring", "c-epoll", InterleavedResults.CPU),
                cheaper(results));
    return new Finding(
        verdict(orders),
        words,
        List.of(
            results.bars(
                "Processor time per message, 50 connections",
                "µs per message",
                InterleavedResults.CPU),
            results.bars(
                "Throughput, 50 connections",
                "messages per second",
                InterleavedResults.THROUGHPUT)));
  }

  private static String cheaper(InterleavedResults results) {
    List<String> cheaper =
        PAIRS.entrySet().stream()
            .filter(
                it ->
                    Order.of(results.ratios(it.getKey(), it.getValue(), InterleavedResults.CPU))
                        == Order.LESS)
            .map(Map.Entry::getKey)
            .toList();
    return cheaper.isEmpty() ? "none" : String.join(", ", cheaper);
  }

  /**
   * Compares processor times. Of equal pairs one is MORE by chance once in 32 runs of seven turns.
   */
  static Verdict verdict(List<Order> orders) {
    if (orders.stream().allMatch(it -> it == Order.LESS)) {
      return Verdict.HOLDS;
    }
    if (orders.contains(Order.LESS)) {
      return Verdict.HOLDS_WHEN;
    }
    return orders.contains(Order.MORE) ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }
}
