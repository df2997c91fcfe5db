package iomodels.cli.output;

import static java.util.stream.Collectors.joining;

import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Latencies;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.ServerResult.IdlePoint;
import iomodels.lab.report.Spread;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The table of {@code bench}, a row for each server. */
public final class BenchTable {

  private static final String NOTHING = "–";

  /** The cells about events, which precede those about memory. */
  private static final int TICKER_CELLS = 5;

  private final PrintWriter out;
  private final Table table;
  private final Scenario scenario;

  /**
   * Creates a table that is wide enough for all servers.
   *
   * @param names every name that a server can have in the table
   * @param width how wide the table may be
   */
  public BenchTable(
      PrintWriter out, Scenario scenario, List<ServerSpec> servers, List<String> names, int width) {
    this.out = out;
    this.scenario = scenario;
    List<Table.Column> columns = new ArrayList<>();
    columns.add(Table.Column.left("SERVER", names));
    switch (scenario) {
      case IDLE ->
          columns.addAll(
              List.of(
                  Table.Column.right("CONNECTIONS", 0),
                  Table.Column.right("BYTES/CONN", 0),
                  Table.Column.right("OUTSIDE HEAP", 0).ranked(2),
                  Table.Column.right("IN HEAP", 0).ranked(2)));
      case SYSCALLS -> columns.add(new Table.Column("CALLS/MSG", 0, false, 0));
      case RELAY, HTTP_50, HTTP_PIPELINED_16 ->
          columns.addAll(
              List.of(
                  Table.Column.right("CPU/MSG µs", 0),
                  Table.Column.right("× " + yardstick(), 18),
                  Table.Column.right("MSG/S", 7),
                  Table.Column.right("× " + yardstick(), 18),
                  Table.Column.right("p50 µs", 0).ranked(4),
                  Table.Column.right("p99 µs", 0),
                  Table.Column.right("WAITS", 0).ranked(8),
                  Table.Column.right("MiB", 4).ranked(6),
                  Table.Column.right("LEAST", 0).ranked(9),
                  Table.Column.right("LOADER", 0).ranked(7)));
      case HTTP_TICKER ->
          columns.addAll(
              List.of(
                  Table.Column.right("CPU/MSG µs", 0),
                  Table.Column.right("LATE p50 ms", 18),
                  Table.Column.right("p99 ms", 18),
                  Table.Column.right("MAX ms", 0).ranked(3),
                  Table.Column.right("LOADER", 0).ranked(7),
                  Table.Column.right("CLIENTS", 0).ranked(3),
                  Table.Column.right("BYTES/CLIENT", 0),
                  Table.Column.right("OUTSIDE HEAP", 0).ranked(2),
                  Table.Column.right("IN HEAP", 0).ranked(2)));
      case CHAT, HTTP_UPPER ->
          columns.addAll(
              List.of(
                  Table.Column.right("CPU/MSG µs", 18),
                  Table.Column.right("MSG/S", 24),
                  Table.Column.right("p50 µs", 7).ranked(4),
                  Table.Column.right("p99 µs", 7),
                  Table.Column.right("WAITS", 0).ranked(8),
                  Table.Column.right("MiB", 4).ranked(6),
                  Table.Column.right("LOADER", 0).ranked(7)));
      default ->
          columns.addAll(
              List.of(
                  Table.Column.right("CPU/MSG µs", 0),
                  Table.Column.right("× C", 18),
                  Table.Column.left("TWIN", servers.stream().map(ServerSpec::twin).toList())
                      .ranked(5),
                  Table.Column.right("× TWIN", 18).ranked(5),
                  Table.Column.right("MSG/S", 7),
                  Table.Column.right("× C", 4).ranked(3),
                  Table.Column.right("p50 µs", 0).ranked(4),
                  Table.Column.right("p99 µs", 0),
                  Table.Column.right("WAITS", 0).ranked(8),
                  Table.Column.right("MiB", 4).ranked(6),
                  Table.Column.right("LEAST", 0).ranked(9),
                  Table.Column.right("LOADER", 0).ranked(7)));
    }
    columns.add(new Table.Column("CAVEATS", 7, false, 0));
    table = new Table(out, columns, width);
  }

  /** Prints the titles of the columns. */
  public void head() {
    table.head();
  }

  /** Prints a row. */
  public void row(ServerResult row) {
    List<String> cells = new ArrayList<>(List.of(row.server()));
    row.load()
        .ifPresent(
            load ->
                cells.addAll(
                    switch (scenario) {
                      case RELAY, HTTP_50, HTTP_PIPELINED_16 -> programCells(load);
                      case CHAT, HTTP_UPPER -> cellsWithoutRatios(load);
                      case HTTP_TICKER -> tickerCells(load);
                      default -> cells(row, load);
                    }));
    if (scenario == Scenario.HTTP_TICKER && row.load().isEmpty()) {
      cells.addAll(Collections.nCopies(TICKER_CELLS, NOTHING));
    }
    row.idle().ifPresent(idle -> cells.addAll(cells(idle)));
    row.systemCalls().ifPresent(calls -> cells.add(all(calls)));
    int missing = table.size() - 1 - cells.size();
    cells.addAll(Collections.nCopies(missing, NOTHING));
    cells.add(
        row.failure().isEmpty() && row.unfit().isEmpty()
            ? row.caveats().stream().map(BenchTable::word).collect(joining(" "))
            : row.unfit().isEmpty() ? "failed" : "left out");
    boolean reliable = row.caveats().stream().noneMatch(Caveat::concernsProcessorTime);
    table.row(reliable ? cells : cells.stream().map(BenchTable::dim).toList());
  }

  private static String dim(String cell) {
    return cell.isEmpty() ? cell : "@|faint " + cell + "|@";
  }

  private static String word(Caveat caveat) {
    return switch (caveat) {
      case NOT_CONFORMING -> "kit";
      case NOT_JUDGED -> "unjudged";
      case WITHIN_NOISE -> "noise";
      case LOADER_SATURATED -> "loader";
      case LITTLES_LAW -> "little";
      case OVERLOADED -> "overload";
      case NOT_STEADY -> "unsteady";
    };
  }

  /** The name of the servers that the others are compared with. */
  private String yardstick() {
    return scenario.isForNginx() ? "nginx" : "C";
  }

  private String meaning(Caveat caveat) {
    return switch (caveat) {
      case NOT_CONFORMING -> "breaks rules of the conformance kit, and may be fast because of that";
      case NOT_JUDGED -> "was not judged by the kit (--no-kit), or not by all of its rules";
      case WITHIN_NOISE ->
          "its difference to %1$s is within the noise, that is, the difference between %1$s and %1$s"
              .formatted(yardstick());
      case LOADER_SATURATED ->
          "the load generator was at its limit: messages per second and latency are partly its own;"
              + " processor time per message is the server's";
      case LITTLES_LAW ->
          "throughput times latency differs from the messages in flight: do not trust either";
      case OVERLOADED ->
          "it carried less than was offered: its latency shows the length of the queue";
      case NOT_STEADY ->
          "its figures still improved when the warm-up ended, or one round took twice as long as"
              + " another: raise --warm-up";
    };
  }

  private List<String> cells(ServerResult row, LoadFigures load) {
    Latencies latency = load.latency();
    String mark = load.connections() < scenario.connections() ? "¹" : "";
    return List.of(
        figure("%.2f", load.cpuMicrosPerMessage()),
        ratio(load.toCommon().flatMap(Ratio::cpu)),
        row.twin(),
        ratio(load.toTwin().flatMap(Ratio::cpu)),
        number("%.0f", load.messagesPerSecond().median()) + mark,
        figure("%.2f", load.toCommon().map(Ratio::throughput)),
        number("%.0f", latency.p50().median()),
        number("%.0f", latency.p99().median()),
        figure("%.3f", load.voluntarySwitches()),
        mebibytes(load),
        number("%.2f", load.leastServedShare().median()),
        scenario.isOpenLoop()
            ? number("%.0f µs", load.loaderLag99Micros().median())
            : number("%.0f %%", 100 * load.loaderBusy().median()));
  }

  /** A program has no twin; both its throughput and its cost are relative to one server. */
  private static List<String> programCells(LoadFigures load) {
    return List.of(
        figure("%.2f", load.cpuMicrosPerMessage()),
        ratio(load.toCommon().flatMap(Ratio::cpu)),
        number("%.0f", load.messagesPerSecond().median()),
        ratio(load.toCommon().map(Ratio::throughput)),
        number("%.0f", load.latency().p50().median()),
        number("%.0f", load.latency().p99().median()),
        figure("%.3f", load.voluntarySwitches()),
        mebibytes(load),
        number("%.2f", load.leastServedShare().median()),
        number("%.0f %%", 100 * load.loaderBusy().median()));
  }

  /** Without a server to compare with, the spread of the rounds shows how reliable a median is. */
  private static List<String> cellsWithoutRatios(LoadFigures load) {
    Spread rate = load.messagesPerSecond();
    return List.of(
        ratio(load.cpuMicrosPerMessage()),
        String.format(Locale.ROOT, "%.0f [%.0f..%.0f]", rate.median(), rate.min(), rate.max()),
        number("%.0f", load.latency().p50().median()),
        number("%.0f", load.latency().p99().median()),
        figure("%.3f", load.voluntarySwitches()),
        mebibytes(load),
        number("%.0f %%", 100 * load.loaderBusy().median()));
  }

  /** The latency of an event is how late it is. */
  private static List<String> tickerCells(LoadFigures load) {
    return List.of(
        figure("%.2f", load.cpuMicrosPerMessage()),
        spread(millis(load.latency().p50())),
        spread(millis(load.latency().p99())),
        number("%.1f", millis(load.latency().max()).max()),
        number("%.0f %%", 100 * load.loaderBusy().median()));
  }

  private static Spread millis(Spread micros) {
    return new Spread(micros.median() / 1e3, micros.min() / 1e3, micros.max() / 1e3);
  }

  private static String mebibytes(LoadFigures load) {
    return load.residentBytes().map(it -> number("%.0f", it.median() / (1 << 20))).orElse(NOTHING);
  }

  private static List<String> cells(List<IdlePoint> points) {
    IdlePoint few = points.get(1);
    IdlePoint many = points.getLast();
    double more = many.connections() - few.connections();
    double outside = (many.processBytes() - few.processBytes()) / more;
    double inside = (many.heapBytes() - few.heapBytes()) / more;
    return List.of(
        "%,d".formatted(many.connections()),
        number("%.0f", outside + inside),
        number("%.0f", outside),
        number("%.0f", inside));
  }

  /** Leaves out calls rarer than one in a thousand messages: they are the runtime's own. */
  private static String all(Map<String, Double> calls) {
    return calls.entrySet().stream()
        .filter(call -> call.getValue() >= 0.001)
        .map(call -> call.getKey() + number(" %.3f", call.getValue()))
        .collect(joining(", "));
  }

  /**
   * Prints the notes below the table: the noise, the meaning of each caveat, and what failed.
   *
   * @param brokenRules the rules that a server broke, by its name
   */
  public void explain(ScenarioResult result, Function<String, List<String>> brokenRules) {
    table.hint();
    out.println();
    noise(result);
    Map<Caveat, List<String>> serversByCaveat = new EnumMap<>(Caveat.class);
    for (ServerResult row : result.servers()) {
      row.caveats()
          .forEach(
              it -> serversByCaveat.computeIfAbsent(it, _ -> new ArrayList<>()).add(row.name()));
    }
    serversByCaveat.forEach(
        (caveat, servers) ->
            out.printf(
                "%s: %s. %s%n",
                word(caveat),
                meaning(caveat),
                String.join(", ", named(caveat, servers, brokenRules))));
    if (result.servers().stream()
        .flatMap(it -> it.load().stream())
        .anyMatch(it -> !scenario.isCrowd() && it.connections() < scenario.connections())) {
      out.println(
          "¹ serves a limited number of clients: it and the servers in its turns have that many.");
    }
    for (ServerResult row : result.servers()) {
      row.load()
          .filter(it -> !it.withoutTwin().isEmpty())
          .ifPresent(it -> out.printf("%s has no twin: %s%n", row.name(), it.withoutTwin()));
      row.load()
          .filter(it -> it.lostShare().max() > 0)
          .ifPresent(
              it ->
                  out.printf(
                      "%s did not answer a share of %s of the datagrams.%n",
                      row.name(), spread(it.lostShare())));
      if (!row.unfit().isEmpty()) {
        out.printf("%s is left out: %s%n", row.name(), row.unfit());
      }
      if (!row.failure().isEmpty()) {
        out.printf("%s failed: %s%n", row.name(), row.failure());
      }
    }
    out.flush();
  }

  private static List<String> named(
      Caveat caveat, List<String> servers, Function<String, List<String>> brokenRules) {
    Function<String, String> withRules =
        it -> "%s (%s)".formatted(it, String.join(", ", brokenRules.apply(it)));
    return caveat == Caveat.NOT_CONFORMING ? servers.stream().map(withRules).toList() : servers;
  }

  private void noise(ScenarioResult result) {
    List<LoadFigures> measured =
        result.servers().stream().flatMap(it -> it.load().stream()).toList();
    List<Spread> cpu =
        measured.stream().flatMap(it -> it.noise().flatMap(Ratio::cpu).stream()).toList();
    if (cpu.isEmpty()) {
      return;
    }
    out.printf(
        Locale.ROOT,
        "%s in the same turns: CPU/MSG %s, MSG/S %s; noise floors %.2f to %.2f.%n",
        scenario.isForNginx()
            ? "nginx compared with a second nginx,"
            : "C compared with a second C of its kind,",
        pooled(cpu),
        pooled(
            measured.stream().flatMap(it -> it.noise().stream()).map(Ratio::throughput).toList()),
        measured.stream().flatMap(it -> it.noiseFloor().stream()).min(Double::compare).orElse(0.0),
        measured.stream().flatMap(it -> it.noiseFloor().stream()).max(Double::compare).orElse(0.0));
  }

  private static String pooled(List<Spread> spreads) {
    return spread(
        new Spread(
            Spread.of(spreads.stream().mapToDouble(Spread::median)).median(),
            spreads.stream().mapToDouble(Spread::min).min().orElseThrow(),
            spreads.stream().mapToDouble(Spread::max).max().orElseThrow()));
  }

  private static String figure(String format, Optional<Spread> spread) {
    return spread.map(it -> number(format, it.median())).orElse(NOTHING);
  }

  private static String ratio(Optional<Spread> ratio) {
    return ratio.map(BenchTable::spread).orElse(NOTHING);
  }

  /** {@code 1.04 [1.01..1.09]}. */
  static String spread(Spread spread) {
    return String.format(
        Locale.ROOT, "%.2f [%.2f..%.2f]", spread.median(), spread.min(), spread.max());
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
