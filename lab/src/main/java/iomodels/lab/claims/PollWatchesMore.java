package iomodels.lab.claims;

import iomodels.lab.bench.Servers;
import iomodels.lab.load.IdleClients;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Tests how many connections select and poll can watch. */
final class PollWatchesMore implements Experiment {

  private static final List<String> SELECT = List.of("c-select", "linux-select");
  private static final List<String> POLL = List.of("c-poll", "linux-poll");

  /** FD_SETSIZE in glibc: the size of a set (man 2 select). */
  private static final int SET = 1_024;

  /** If select serves fewer, it has failed for another reason. */
  private static final int NEARLY = 900;

  private static final int TRIED = 1_500;

  @Override
  public String id() {
    return "poll-watches-more";
  }

  @Override
  public String claim() {
    return "Poll watches more than select.";
  }

  @Override
  public String words() {
    return "Clients connect, are served once and stay connected, until one is not served or there are %,d."
        .formatted(TRIED);
  }

  @Override
  public Finding run(Laboratory laboratory) throws IOException, InterruptedException {
    Map<String, Integer> served = new LinkedHashMap<>();
    for (String name : Stream.concat(SELECT.stream(), POLL.stream()).toList()) {
      laboratory.doing().accept(id() + ": " + name);
      served.put(name, served(laboratory, name));
    }
    String words =
        ("Of %,d clients, select serves %,d in C and %,d in Java, and poll %,d in C and %,d in"
             + " Java. select takes a set of %,d bits, one per descriptor; the listening socket and"
             + " the standard streams need some of them. poll takes an array of any length.")
            .formatted(
                TRIED,
                served.get("c-select"),
                served.get("linux-select"),
                served.get("c-poll"),
                served.get("linux-poll"),
                SET);
    return new Finding(
        verdict(of(served, SELECT), of(served, POLL)), words, List.of(chart(served)));
  }

  /** Judges the numbers of clients served. */
  static Verdict verdict(List<Integer> select, List<Integer> poll) {
    boolean all = poll.stream().allMatch(it -> it == TRIED);
    if (all && select.stream().allMatch(it -> it >= NEARLY && it <= SET)) {
      return Verdict.HOLDS;
    }
    return all && select.stream().allMatch(it -> it == TRIED)
        ? Verdict.DOES_NOT_HOLD
        : Verdict.UNDECIDED;
  }

  private static List<Integer> of(Map<String, Integer> served, List<String> names) {
    return names.stream().map(it -> Objects.requireNonNull(served.get(it))).toList();
  }

  private static int served(Laboratory laboratory, String name)
      throws IOException, InterruptedException {
    try (Servers servers = laboratory.servers().get();
        IdleClients clients = new IdleClients(servers.start(name, List.of()).address())) {
      try {
        clients.growTo(TRIED, () -> {});
      } catch (LoadException _) {
        // The expected result: the server serves no more.
      }
      return clients.size();
    }
  }

  private static Chart chart(Map<String, Integer> served) {
    List<Point> points = new ArrayList<>();
    served.values().forEach(it -> points.add(Point.of(points.size(), it)));
    return new Chart(
        "Clients served at the same time, of " + TRIED,
        Axis.of("", List.copyOf(served.keySet())),
        Axis.linear("clients"),
        List.of(new Series("clients", Mark.BARS, points)));
  }
}
