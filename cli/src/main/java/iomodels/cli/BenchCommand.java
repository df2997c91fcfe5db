package iomodels.cli;

import iomodels.cli.Bench.Loaded;
import iomodels.cli.Bench.Ratio;
import iomodels.cli.Lineup.Entry;
import iomodels.lab.IdleMemory;
import iomodels.lab.LoadException;
import iomodels.lab.Match;
import iomodels.lab.Pinning;
import iomodels.lab.Spread;
import iomodels.lab.Yardstick;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures the models beside plain C. */
@Command(
    name = "bench",
    description = {
      "Measures the models beside plain C: each in a process of its own, on a processor of its own,"
          + " in turns with C epoll, with the same model in C, and with C epoll once more.",
      "Processor time per message is the figure to look at: throughput and latency depend on who"
          + " loads, and where. The spread is that of the rounds; a ratio that lies within the one"
          + " of C epoll beside itself says nothing."
    },
    footer = {"", "Exit code: 0 all were measured, 1 one of them failed, 2 none could be."},
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchCommand implements Callable<Integer> {

  private static final double SATURATED = 0.95;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      description =
          "Only these, c-epoll and the like among them for the servers in C, example-vertx and the"
              + " like for what a framework's documentation shows; default: all models that work"
              + " here.")
  private List<String> names = List.of();

  @Option(
      names = "--scenario",
      defaultValue = "ping-50",
      paramLabel = "NAME",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Scenario scenario = Scenario.PING_50;

  @Option(
      names = "--rounds",
      defaultValue = "7",
      paramLabel = "N",
      description = "How many rounds count (default: ${DEFAULT-VALUE}).")
  private int rounds = 7;

  @Option(
      names = "--round",
      defaultValue = "1000",
      paramLabel = "MS",
      description = "How long a round is, in milliseconds (default: ${DEFAULT-VALUE}).")
  private int roundMillis = 1_000;

  @Option(
      names = "--warm-up",
      defaultValue = "5000",
      paramLabel = "MS",
      description =
          "How long to load each before, in milliseconds; up to three times as long if it is not"
              + " steady by then (default: ${DEFAULT-VALUE}).")
  private int warmUpMillis = 5_000;

  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "For idle: how many (default: 15000).")
  private Optional<Integer> idleConnections = Optional.empty();

  @Option(
      names = "--jvm-flag",
      paramLabel = "FLAG",
      description = "For the models' JVMs, such as --jvm-flag=-XX:+UseZGC; repeatable.")
  private List<String> jvmFlags = List.of();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures to a file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  /** A run, as it stands in JSON. */
  record Run(
      String java,
      String system,
      int processors,
      String pinning,
      Scenario scenario,
      String words,
      Match match,
      List<String> jvmFlags,
      List<Row> servers) {}

  /** A server in it; one of the three has been measured, or it failed. */
  record Row(
      String name,
      String twin,
      Optional<Loaded> load,
      Optional<Map<String, IdleMemory>> idle,
      Optional<Map<String, Map<String, Double>>> systemCalls,
      String failure) {}

  @Override
  public Integer call() throws Failure, InterruptedException {
    List<Entry> entries = entries();
    if (rounds < 1 || roundMillis < 1 || warmUpMillis < 0 || idleConnections.orElse(10) < 10) {
      throw new Failure("give at least 1 round of 1 ms, a warm-up of 0 ms, and 10 connections");
    }
    PrintWriter out = spec.commandLine().getOut();
    boolean silent = json.isPresent() && Json.isStandardOutput(json.get());
    if (json.isPresent()) {
      Json.demandWritable(json.get());
    }
    Match match =
        new Match(Duration.ofMillis(warmUpMillis), Duration.ofMillis(roundMillis), rounds);
    int processors = Runtime.getRuntime().availableProcessors();
    List<Row> rows = new ArrayList<>();
    try (Pinning pinning = Pinning.attempt()) {
      Bench bench = new Bench(scenario, match, pinning, jvmFlags, hasYardsticks());
      if (!silent) {
        out.printf("%s: %s.%n%s.%n%n", scenario, scenario.words(), pinning);
      }
      BenchTable table = new BenchTable(out, scenario, entries);
      try (Progress progress = Progress.of(entries.size() * bench.steps(crowd()))) {
        if (!silent) {
          progress.aside(table::head);
        }
        for (Entry entry : entries) {
          progress.say(entry.name());
          Row row = row(bench, entry, progress);
          rows.add(row);
          if (!silent) {
            progress.aside(() -> table.row(row));
          }
        }
      }
      if (!silent) {
        explain(out, rows);
      }
      if (json.isPresent()) {
        Json.write(run(processors, bench, rows), json.get(), out);
      }
    }
    long failed = rows.stream().filter(row -> !row.failure().isEmpty()).count();
    return failed == 0 ? Main.OK : failed < rows.size() ? Main.NO : Main.UNUSABLE;
  }

  private List<Entry> entries() throws Failure {
    List<Entry> entries = new ArrayList<>();
    if (names.isEmpty()) {
      for (ServerProvider model : Choices.models()) {
        if (model.availability().here()) {
          entries.add(Entry.of(model));
        } else {
          complain("%s is left out: %s", model.card().name(), model.availability().reason());
        }
      }
    }
    for (String name : names) {
      entries.add(Entry.named(name));
    }
    return entries;
  }

  private boolean hasYardsticks() throws InterruptedException {
    try {
      Yardstick.start(Bench.COMMON, List.of()).close();
      return true;
    } catch (IOException e) {
      complain("nothing to measure against: %s", String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void complain(String format, Object... arguments) {
    spec.commandLine().getErr().printf(format + "%n", arguments);
  }

  private Row row(Bench bench, Entry entry, Progress progress) throws InterruptedException {
    Optional<Loaded> load = Optional.empty();
    Optional<Map<String, IdleMemory>> idle = Optional.empty();
    Optional<Map<String, Map<String, Double>>> calls = Optional.empty();
    String failure = "";
    try {
      switch (scenario) {
        case IDLE -> idle = Optional.of(memory(bench, entry, progress));
        case SYSCALLS -> calls = Optional.of(systemCalls(bench, entry, progress));
        default -> load = Optional.of(bench.load(entry, progress::step));
      }
    } catch (IOException | LoadException e) {
      failure = String.valueOf(e.getMessage());
    }
    return new Row(entry.name(), entry.twin(), load, idle, calls, failure);
  }

  private Map<String, IdleMemory> memory(Bench bench, Entry entry, Progress progress)
      throws IOException, LoadException, InterruptedException {
    Map<String, IdleMemory> memory = new LinkedHashMap<>();
    for (Entry each : besides(bench, entry)) {
      memory.put(each.name(), bench.idle(each, crowd(), progress::step));
    }
    return memory;
  }

  private int crowd() {
    return idleConnections.orElse(scenario.connections());
  }

  private static Map<String, Map<String, Double>> systemCalls(
      Bench bench, Entry entry, Progress progress)
      throws IOException, LoadException, InterruptedException {
    Map<String, Map<String, Double>> calls = new LinkedHashMap<>();
    for (Entry each : besides(bench, entry)) {
      calls.put(each.name(), bench.systemCalls(each));
      progress.step();
    }
    return calls;
  }

  /** It, its twin and the common yardstick, each once. */
  private static List<Entry> besides(Bench bench, Entry entry) {
    Stream<Entry> yardsticks =
        bench.yardsticks()
            ? Stream.of(entry.twin(), Bench.COMMON)
                .map(name -> new Entry("c-" + name, name, Optional.empty()))
            : Stream.of();
    return Stream.concat(Stream.of(entry), yardsticks).distinct().toList();
  }

  private void explain(PrintWriter out, List<Row> rows) {
    out.println();
    List<Ratio> common =
        rows.stream()
            .flatMap(row -> row.load().stream())
            .flatMap(it -> it.common().stream())
            .toList();
    if (!common.isEmpty()) {
      out.printf(
          "C epoll beside a second C epoll, in the same runs: CPU/MSG %s, MSG/S %s.%n",
          pooled(common.stream().flatMap(it -> it.cpu().stream()).toList()),
          pooled(common.stream().map(Ratio::throughput).toList()));
    }
    if (rows.stream().anyMatch(row -> row.load().filter(this::isSmaller).isPresent())) {
      out.println("¹ serves only so many clients at a time: all beside it with as many.");
    }
    rows.forEach(
        row ->
            row.load()
                .filter(it -> !it.withoutTwin().isEmpty())
                .ifPresent(it -> out.printf("%s has no twin: %s%n", row.name(), it.withoutTwin())));
    String saturated =
        rows.stream()
            .filter(row -> row.load().filter(this::isLoaderSaturated).isPresent())
            .map(Row::name)
            .collect(Collectors.joining(", "));
    if (!saturated.isEmpty()) {
      out.printf(
          "Loader saturated: %s. Messages per second and latencies are then the loader's as much as"
              + " the server's; processor time per message is the server's own.%n",
          saturated);
    }
    rows.stream()
        .filter(row -> !row.failure().isEmpty())
        .forEach(row -> out.printf("%s failed: %s%n", row.name(), row.failure()));
    out.flush();
  }

  /** In an open loop it never sleeps, so that its processor time says nothing. */
  private boolean isLoaderSaturated(Loaded load) {
    return scenario.rate() == 0
        && load.own().loaderShare().filter(it -> it.median() > SATURATED).isPresent();
  }

  private boolean isSmaller(Loaded load) {
    return load.connections() < scenario.connections();
  }

  private static String pooled(List<Spread> spreads) {
    if (spreads.isEmpty()) {
      return "unknown, without /proc";
    }
    return BenchTable.spread(
        new Spread(
            Spread.of(spreads.stream().mapToDouble(Spread::median)).median(),
            spreads.stream().mapToDouble(Spread::min).min().orElseThrow(),
            spreads.stream().mapToDouble(Spread::max).max().orElseThrow()));
  }

  private Run run(int processors, Bench bench, List<Row> rows) {
    return new Run(
        Runtime.version().toString(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        processors,
        bench.pinning().toString(),
        scenario,
        scenario.words(),
        bench.match(),
        jvmFlags,
        rows);
  }
}
