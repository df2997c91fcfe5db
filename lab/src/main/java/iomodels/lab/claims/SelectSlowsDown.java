package iomodels.lab.claims;

import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.load.IdleClientsProcess;
import iomodels.lab.load.LoadException;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.Spread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Measures what silent connections cost. */
final class SelectSlowsDown implements Experiment {

  private static final List<String> SELECT = List.of("c-select", "linux-select");
  private static final List<String> POLL = List.of("c-poll", "linux-poll");
  private static final List<String> EPOLL = List.of("c-epoll", "linux-epoll", "nio-selector");

  private static final List<Integer> SIZES = List.of(0, 100, 900, 5_000, 15_000);

  /** Beside 50 busy connections and its own descriptors, select has no room for more. */
  private static final int MOST_OF_SELECT = 900;

  /** Growth of the cost of a message by this factor is more than noise. */
  private static final double GROWN = 1.3;

  @Override
  public String id() {
    return "select-slows-down";
  }

  @Override
  public String claim() {
    return "Select and poll get slower with every connection watched, while epoll does not.";
  }

  @Override
  public String words() {
    return ("Processor time per message of 50 busy connections, with %d to %,d idle ones in"
            + " addition (%d for select), in turns.")
        .formatted(SIZES.getFirst(), SIZES.getLast(), MOST_OF_SELECT);
  }

  @Override
  public Finding run(Laboratory laboratory)
      throws IOException, LoadException, InterruptedException {
    Map<String, Map<Integer, Spread>> cpu = new LinkedHashMap<>();
    List<IdleClientsProcess> idle = new ArrayList<>();
    try (Servers servers = laboratory.servers().get()) {
      Map<String, ServerUnderTest> running = new LinkedHashMap<>();
      Map<String, IdleClientsProcess> idleOf = new LinkedHashMap<>();
      for (List<String> kind : List.of(SELECT, POLL, EPOLL)) {
        for (String name : kind) {
          ServerUnderTest server = servers.start(name, List.of());
          IdleClientsProcess idleClients = IdleClientsProcess.start(server.address());
          idle.add(idleClients);
          running.put(name, server);
          idleOf.put(name, idleClients);
        }
      }
      for (int size : SIZES) {
        if (size > MOST_OF_SELECT) {
          running.keySet().removeAll(SELECT);
        }
        for (String name : running.keySet()) {
          laboratory.doing().accept("%s: %s with %,d idle clients".formatted(id(), name, size));
          Objects.requireNonNull(idleOf.get(name)).growTo(size);
        }
        InterleavedResults results = laboratory.measure(running, Scenario.PING_50);
        running
            .keySet()
            .forEach(
                name ->
                    cpu.computeIfAbsent(name, _ -> new TreeMap<>())
                        .put(size, results.of(name, InterleavedResults.CPU)));
      }
    } finally {
      idle.forEach(IdleClientsProcess::close);
    }
    return finding(cpu);
  }

  private static Finding finding(Map<String, Map<Integer, Spread>> cpu) {
    String words =
        String.format(
            Locale.ROOT,
            "With %d idle connections instead of none, a message costs select in C %.2f times as"
                + " much. With %,d, it costs poll in C %.1f times as much (in Java %.1f), and epoll"
                + " in C %.2f times (in Java %.2f, Selector %.2f). By linear regression, each idle"
                + " connection adds %.2f ns to a message with select in C, %.2f ns with poll and"
                + " %.2f ns with epoll. select and poll receive the list of all sockets at each"
                + " call, and check each socket. epoll keeps the list in the kernel, and looks at"
                + " the ready sockets only. But one call of select or poll can find many ready"
                + " sockets: busy clients share the cost of the idle ones.",
            MOST_OF_SELECT,
            growth(cpu, "c-select"),
            SIZES.getLast(),
            growth(cpu, "c-poll"),
            growth(cpu, "linux-poll"),
            growth(cpu, "c-epoll"),
            growth(cpu, "linux-epoll"),
            growth(cpu, "nio-selector"),
            slope(cpu, "c-select"),
            slope(cpu, "c-poll"),
            slope(cpu, "c-epoll"));
    List<Series> lines = new ArrayList<>();
    cpu.forEach(
        (name, bySize) -> {
          List<Point> points = new ArrayList<>();
          bySize.forEach((size, spread) -> points.add(Point.of(Math.max(1, size), spread)));
          lines.add(new Series(name, Mark.LINE, points));
        });
    Chart chart =
        new Chart(
            "Processor time per message of 50 busy connections, by number of idle ones (1 stands"
                + " for 0)",
            Axis.logarithmic("idle connections"),
            Axis.logarithmic("µs per message"),
            lines);
    return new Finding(verdict(cpu), words, List.of(chart));
  }

  static Verdict verdict(Map<String, Map<Integer, Spread>> cpu) {
    boolean select = SELECT.stream().allMatch(it -> grows(cpu, it));
    boolean poll = POLL.stream().allMatch(it -> grows(cpu, it));
    boolean epoll = EPOLL.stream().anyMatch(it -> growth(cpu, it) > GROWN);
    if (poll && !epoll) {
      return select ? Verdict.HOLDS : Verdict.HOLDS_WHEN;
    }
    boolean any =
        Stream.concat(SELECT.stream(), POLL.stream()).anyMatch(it -> growth(cpu, it) > GROWN);
    return any || epoll ? Verdict.UNDECIDED : Verdict.DOES_NOT_HOLD;
  }

  private static boolean grows(Map<String, Map<Integer, Spread>> cpu, String name) {
    NavigableMap<Integer, Spread> line = line(cpu, name);
    return growth(cpu, name) > GROWN
        && Order.of(line.lastEntry().getValue(), line.firstEntry().getValue()) == Order.MORE;
  }

  private static double growth(Map<String, Map<Integer, Spread>> cpu, String name) {
    NavigableMap<Integer, Spread> line = line(cpu, name);
    return line.lastEntry().getValue().median() / line.firstEntry().getValue().median();
  }

  /** Nanoseconds per message and silent connection, by least squares. */
  static double slope(Map<String, Map<Integer, Spread>> cpu, String name) {
    NavigableMap<Integer, Spread> line = line(cpu, name);
    double meanSize = line.keySet().stream().mapToInt(it -> it).average().orElseThrow();
    double meanMicros = line.values().stream().mapToDouble(Spread::median).average().orElseThrow();
    double covariance = 0;
    double variance = 0;
    for (Map.Entry<Integer, Spread> point : line.entrySet()) {
      double off = point.getKey() - meanSize;
      covariance += off * (point.getValue().median() - meanMicros);
      variance += off * off;
    }
    return 1e3 * covariance / variance;
  }

  private static NavigableMap<Integer, Spread> line(
      Map<String, Map<Integer, Spread>> cpu, String name) {
    return new TreeMap<>(Objects.requireNonNull(cpu.get(name), name));
  }
}
