package iomodels.cli;

import iomodels.cli.Bench.Own;
import iomodels.cli.Bench.Ratio;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.ModelTarget;
import iomodels.lab.Contestant;
import iomodels.lab.LoadException;
import iomodels.lab.Match;
import iomodels.lab.Match.Round;
import iomodels.lab.Spread;
import iomodels.server.ModelCard;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Puts the models side by side: what they are, what they keep, what they cost. */
@Command(
    name = "compare",
    description = {
      "Puts the models side by side. Each runs in a process of its own and has to hold a real"
          + " conversation, is judged by the conformance rules, and carries a short load.",
      "MSG/S and CPU/MSG are multiples of blocking-threads, measured in turns with it in the same"
          + " run: the median of the rounds."
    },
    footer = {
      "",
      "Exit code: 0 all is well, 1 a rule was broken or a server failed, 2 the kit could not tell."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class CompareCommand implements Callable<Integer> {

  private static final String YARDSTICK = "blocking-threads";
  private static final int CONNECTIONS = 50;
  private static final int MESSAGE_BYTES = 64;

  /** For a first impression, not for a verdict: {@code bench} is for that. */
  private static final Match MATCH = new Match(Duration.ofMillis(500), Duration.ofMillis(250), 5);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "Only these; default: all that work here.")
  private List<String> names = List.of();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures to a file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  @Option(names = "--seed", description = "Repeat the bytes of an earlier run.")
  private Optional<Long> seedWanted = Optional.empty();

  /** A comparison, as it stands in JSON. */
  record Comparison(
      String java, String system, int processors, String yardstick, long seed, List<Row> models) {}

  /**
   * A model in it.
   *
   * @param name with the transport that it ran on, if it has a choice
   */
  record Row(
      ModelCard card,
      String name,
      String conversation,
      long kept,
      long broken,
      long skipped,
      long unknown,
      List<String> brokenRules,
      Optional<Load> load,
      String loadFailure) {

    boolean failed() {
      return broken > 0 || !conversation.isEmpty() || load.isEmpty();
    }
  }

  /**
   * What a short load found.
   *
   * @param connections how many there were, on either side
   * @param ratio beside the yardstick, in the same turns
   * @param own the model's own figures
   */
  record Load(int connections, Ratio ratio, Own own) {}

  @Override
  public Integer call() throws Failure, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<ServerProvider> models = models();
    boolean silent = json.isPresent() && Json.isStandardOutput(json.get());
    if (json.isPresent()) {
      Json.demandWritable(json.get());
    }
    long seed = seedWanted.orElseGet(System::nanoTime);
    Table table = table(out, models);
    List<Row> rows = new ArrayList<>();
    int steps = Rule.all().size() + 1 + 2 * (MATCH.rounds() + 1);
    try (Progress progress = Progress.of((long) models.size() * steps);
        ModelTarget yardstick = new ModelTarget(Choices.model(YARDSTICK), Optional.empty())) {
      if (!silent) {
        progress.aside(table::head);
      }
      for (ServerProvider model : models) {
        Row row = row(model, yardstick, seed, progress);
        rows.add(row);
        if (!silent) {
          progress.aside(() -> table.row(cells(row)));
        }
      }
    }
    if (!silent) {
      explain(out, rows);
    }
    if (json.isPresent()) {
      Json.write(comparison(seed, rows), json.get(), out);
    }
    if (rows.stream().anyMatch(Row::failed)) {
      return Main.NO;
    }
    return rows.stream().anyMatch(row -> row.unknown() > 0) ? Main.UNUSABLE : Main.OK;
  }

  private List<ServerProvider> models() throws Failure {
    List<ServerProvider> models = new ArrayList<>();
    if (names.isEmpty()) {
      for (ServerProvider model : Choices.models()) {
        Availability availability = model.availability();
        if (availability.here()) {
          models.add(model);
        } else {
          spec.commandLine()
              .getErr()
              .printf("%s is left out: %s%n", model.card().name(), availability.reason());
        }
      }
    }
    for (String name : names) {
      models.add(Choices.availableModel(name));
    }
    return models;
  }

  /** A model that does not come up is a row, too. */
  private static Row row(ServerProvider model, ModelTarget yardstick, long seed, Progress progress)
      throws InterruptedException {
    try {
      return judge(model, yardstick, seed, progress);
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      return new Row(
          model.card(), model.card().name(), "", 0, 0, 0, 0, List.of(), Optional.empty(), why);
    }
  }

  private static Row judge(
      ServerProvider model, ModelTarget yardstick, long seed, Progress progress)
      throws IOException, InterruptedException {
    String name = model.card().name();
    try (ModelTarget target = new ModelTarget(model, Optional.empty())) {
      progress.say(name + ": talking");
      String conversation = Exchange.withServer(target.shared(Services.UPPER), seed);
      progress.step();
      progress.say(name + ": judging");
      Report report =
          new Kit(Rule.all(), Bounds.STANDARD, seed).judge(target, _ -> progress.step());
      progress.say(name + ": loading");
      Optional<Load> load = Optional.empty();
      String loadFailure = "";
      try {
        load = Optional.of(load(model, target, yardstick, progress));
      } catch (IOException | LoadException e) {
        loadFailure = String.valueOf(e.getMessage());
      }
      return new Row(
          model.card(),
          target.name(),
          conversation,
          report.count(Verdict.KEPT),
          report.count(Verdict.BROKEN),
          report.count(Verdict.SKIPPED),
          report.count(Verdict.UNKNOWN),
          report.findings().stream()
              .filter(finding -> finding.verdict() == Verdict.BROKEN)
              .map(CompareCommand::describe)
              .toList(),
          load,
          loadFailure);
    }
  }

  private static Load load(
      ServerProvider model, ModelTarget target, ModelTarget yardstick, Progress progress)
      throws IOException, LoadException, InterruptedException {
    List<Contestant> both =
        List.of(
            Lineup.contestant(model, target),
            Contestant.of(YARDSTICK, yardstick.shared(Services.UPPER), yardstick.process()));
    int connections = Math.min(CONNECTIONS, both.getFirst().connections());
    List<List<Round>> rounds =
        MATCH.play(
            both,
            it -> iomodels.lab.Load.of(it.address(), connections, MESSAGE_BYTES),
            progress::step);
    return new Load(
        connections, Ratio.of(rounds.getFirst(), rounds.getLast()), Own.of(rounds.getFirst()));
  }

  private static String describe(Finding finding) {
    return "%s %s %s".formatted(finding.rule().id(), finding.rule().sentence(), finding.detail());
  }

  private static Table table(PrintWriter out, List<ServerProvider> models) {
    List<ModelCard> cards = models.stream().map(ServerProvider::card).toList();
    return new Table(
        out,
        List.of(
            Table.Column.left("MODEL", models.stream().flatMap(Choices::names).toList()),
            Table.Column.left(
                "I/O MODEL", cards.stream().map(card -> card.ioModel().toString()).toList()),
            Table.Column.left("WAITS IN", cards.stream().map(ModelCard::waitsIn).toList()),
            Table.Column.left(
                "THREADS", cards.stream().map(card -> card.threading().toString()).toList()),
            Table.Column.right("KEPT", 0),
            Table.Column.right("BROKEN", 0),
            Table.Column.right("SKIPPED", 0),
            Table.Column.right("MSG/S", 6),
            Table.Column.right("CPU/MSG", 0),
            Table.Column.right("p50 µs", 0),
            Table.Column.right("p99 µs", 0)));
  }

  private static List<String> cells(Row row) {
    List<String> cells = new ArrayList<>();
    cells.add(row.name());
    cells.add(row.card().ioModel().toString());
    cells.add(row.card().waitsIn());
    cells.add(row.card().threading().toString());
    cells.add(String.valueOf(row.kept()));
    cells.add(row.broken() == 0 ? "0" : "@|bold,red " + row.broken() + "|@");
    cells.add(String.valueOf(row.skipped()));
    row.load()
        .ifPresentOrElse(
            load -> {
              String mark = load.connections() == 1 ? "¹" : " ";
              Optional<Spread> cpu = load.ratio().cpu();
              cells.add("%.2f%s".formatted(load.ratio().throughput().median(), mark));
              cells.add(cpu.map(it -> "%.2f%s".formatted(it.median(), mark)).orElse("–"));
              cells.add("%.0f".formatted(load.own().p50Micros().median()));
              cells.add("%.0f".formatted(load.own().p99Micros().median()));
            },
            () -> cells.addAll(List.of("–", "–", "–", "–")));
    return cells;
  }

  private static void explain(PrintWriter out, List<Row> rows) {
    boolean single =
        rows.stream().flatMap(row -> row.load().stream()).anyMatch(load -> load.connections() == 1);
    out.println();
    out.printf(
        Locale.ROOT,
        "MSG/S and CPU/MSG: multiples of %s in the same run; %d connections, %d-byte messages.%n",
        YARDSTICK,
        CONNECTIONS,
        MESSAGE_BYTES);
    if (single) {
      out.println("¹ serves one client at a time: both with one connection.");
    }
    for (Row row : rows) {
      String name = row.name();
      if (!row.conversation().isEmpty()) {
        out.println(
            Ansi.AUTO.string("@|bold,red %s|@: the conversation failed: ".formatted(name))
                + row.conversation());
      }
      if (!row.loadFailure().isEmpty()) {
        out.println(
            Ansi.AUTO.string("@|bold,red %s|@: the load failed: ".formatted(name))
                + row.loadFailure());
      }
      row.brokenRules()
          .forEach(
              broken ->
                  out.println(
                      Ansi.AUTO.string("@|bold,red %s|@ breaks ".formatted(name)) + broken));
    }
    out.flush();
  }

  private static Comparison comparison(long seed, List<Row> rows) {
    return new Comparison(
        Runtime.version().toString(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        Runtime.getRuntime().availableProcessors(),
        YARDSTICK,
        seed,
        rows);
  }
}
