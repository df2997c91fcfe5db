package iomodels.cli;

import static java.util.stream.Collectors.joining;

import iomodels.cli.Bench.Loaded;
import iomodels.cli.Bench.Own;
import iomodels.cli.Bench.Ratio;
import iomodels.cli.BenchCommand.Row;
import iomodels.cli.Lineup.Entry;
import iomodels.lab.IdleMemory;
import iomodels.lab.Spread;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** The figures of a bench for people, a row for each server. */
final class BenchTable {

  private static final String NOTHING = "–";

  private final Table table;
  private final Scenario scenario;

  BenchTable(PrintWriter out, Scenario scenario, List<Entry> entries) {
    this.scenario = scenario;
    List<Table.Column> columns = new ArrayList<>();
    columns.add(Table.Column.left("SERVER", entries.stream().flatMap(BenchTable::names).toList()));
    switch (scenario) {
      case IDLE ->
          columns.addAll(
              List.of(
                  Table.Column.right("BYTES/CONN", 0),
                  Table.Column.right("OUTSIDE HEAP", 0),
                  Table.Column.right("IN HEAP", 0),
                  new Table.Column("IN C", 0, false)));
      case SYSCALLS -> columns.add(new Table.Column("CALLS/MSG", 0, false));
      default ->
          columns.addAll(
              List.of(
                  Table.Column.right("CPU/MSG µs", 0),
                  Table.Column.right("× C EPOLL", 18),
                  Table.Column.left("TWIN", names(entries, Entry::twin)),
                  Table.Column.right("× TWIN", 18),
                  Table.Column.right("MSG/S", 7),
                  Table.Column.right("× C EPOLL", 0),
                  Table.Column.right("p50 µs", 0),
                  Table.Column.right("p99 µs", 0),
                  Table.Column.right("p99.9 µs", 0),
                  Table.Column.right("× C EPOLL p99", 18),
                  Table.Column.right("LEAST/MEAN", 0),
                  Table.Column.right("LOADER", 0)));
    }
    table = new Table(out, columns);
  }

  private static Stream<String> names(Entry entry) {
    return entry.model().map(Choices::names).orElse(Stream.of(entry.name()));
  }

  private static List<String> names(List<Entry> entries, Function<Entry, String> name) {
    return entries.stream().map(name).toList();
  }

  void head() {
    table.head();
  }

  void row(Row row) {
    List<String> cells =
        new ArrayList<>(List.of(row.load().map(Loaded::server).orElse(row.name())));
    row.load().ifPresent(load -> cells.addAll(cells(row, load)));
    row.idle().ifPresent(idle -> cells.addAll(cells(row, idle)));
    row.systemCalls().ifPresent(calls -> cells.add(all(calls)));
    int missing = table.columns().size() - cells.size();
    cells.addAll(Collections.nCopies(missing, NOTHING));
    table.row(cells);
  }

  private List<String> cells(Row row, Loaded load) {
    Own own = load.own();
    String mark = load.connections() < scenario.connections() ? "¹" : "";
    return List.of(
        own.cpuMicrosPerMessage().map(it -> number("%.2f", it.median())).orElse(NOTHING),
        ratio(load.toCommon().flatMap(Ratio::cpu)),
        row.twin(),
        ratio(load.toTwin().flatMap(Ratio::cpu)),
        number("%.0f", own.messagesPerSecond().median()) + mark,
        load.toCommon().map(it -> number("%.2f", it.throughput().median())).orElse(NOTHING),
        number("%.0f", own.p50Micros().median()),
        number("%.0f", own.p99Micros().median()),
        number("%.0f", own.p999Micros().median()),
        ratio(load.toCommon().map(Ratio::p99)),
        number("%.2f", own.leastServedShare().median()),
        own.loaderShare().map(it -> number("%.0f %%", 100 * it.median())).orElse(NOTHING));
  }

  private static List<String> cells(Row row, Map<String, IdleMemory> idle) {
    IdleMemory own = idle.values().iterator().next();
    return List.of(
        number("%.0f", own.bytes()),
        number("%.0f", own.processBytes()),
        number("%.0f", own.heapBytes()),
        others(row.name(), idle)
            .map(it -> "%s %s".formatted(it.getKey(), number("%.0f", it.getValue().bytes())))
            .collect(joining(", ")));
  }

  private static <T> Stream<Map.Entry<String, T>> others(String name, Map<String, T> all) {
    return all.entrySet().stream().filter(it -> !it.getKey().equals(name));
  }

  /** Calls that are rarer than one in a thousand messages are the runtime's own. */
  private static String all(Map<String, Map<String, Double>> calls) {
    return calls.entrySet().stream()
        .map(
            server ->
                server.getValue().entrySet().stream()
                    .filter(call -> call.getValue() >= 0.001)
                    .map(call -> call.getKey() + number(" %.3f", call.getValue()))
                    .collect(joining(", ", server.getKey() + ": ", "")))
        .collect(joining("; "));
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
