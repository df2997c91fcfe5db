package iomodels.cli;

import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.lab.bench.Bench;
import iomodels.lab.bench.Pinning;
import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.Spread;
import iomodels.server.ModelCard;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Puts the models side by side: what they are, what they keep, what they cost; and the programs in
 * each style.
 */
@Command(
    name = "compare",
    description = {
      "Puts the models side by side. Each runs in a process of its own and has to hold a real"
          + " conversation, is judged by the conformance rules, and carries a short load.",
      "MSG/S and CPU/MSG are multiples of blocking-threads, measured in turns with it, as by bench"
          + " --quick: the median of the rounds.",
      "Below them the programs in each style, judged by their rules, with the length of the page."
    },
    footer = {
      "",
      "Exit code: 0 all is well, 1 a rule was broken or a server failed, 2 a rule has no verdict."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class CompareCommand implements Callable<Integer> {

  private static final String YARDSTICK = "blocking-threads";
  private static final Scenario SCENARIO = Scenario.PING_50;

  /** As many models are judged at a time. */
  private static final int JUDGES = 3;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      description =
          "Only these, and the programs in the styles of these names; default: all that work here.")
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
      String java,
      String system,
      int processors,
      String yardstick,
      long seed,
      List<Row> models,
      List<ComparedPages.Row> programs) {}

  /** What has been judged. */
  private record Judged(List<Row> models, List<ComparedPages.Row> pages) {}

  /**
   * A model in it.
   *
   * @param name with the transport that it ran on, if it has a choice
   * @param unknown how many rules are inconclusive, or failed to be checked
   * @param unknownRules those, with the reason
   * @param stamps what speaks against its figures; not what is known of the kit
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
      List<String> unknownRules,
      Optional<LoadFigures> load,
      List<Caveat> stamps,
      String loadFailure) {

    Row with(ServerResult result) {
      return new Row(
          card,
          name,
          conversation,
          kept,
          broken,
          skipped,
          unknown,
          brokenRules,
          unknownRules,
          result.load(),
          result.stamps(),
          result.failure());
    }

    boolean has(Caveat stamp) {
      return stamps.contains(stamp);
    }

    boolean failed() {
      return broken > 0 || !conversation.isEmpty() || load.isEmpty();
    }
  }

  @Override
  public Integer call() throws Failure, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<StyleProvider> styles = styles();
    List<ServerProvider> models = models(styles);
    List<ComparedPages.Page> pages = ComparedPages.of(styles);
    boolean silent = json.isPresent() && Json.isStandardOutput(json.get());
    if (json.isPresent()) {
      Json.demandWritable(json.get());
    }
    long seed = seedWanted.orElseGet(System::nanoTime);
    Table table = table(out, models);
    List<Row> rows = new ArrayList<>();
    List<ComparedPages.Row> programs;
    long steps = (Rules.all().size() + 1 + 2L * (BenchCommand.QUICK.rounds() + 1)) * models.size();
    try (Progress progress = Progress.of(steps + ComparedPages.steps(pages))) {
      if (!silent && !models.isEmpty()) {
        progress.aside(table::head);
      }
      Judged judged = judge(models, pages, seed, progress);
      programs = judged.pages();
      load(
          judged.models(),
          progress,
          row -> {
            rows.add(row);
            if (!silent) {
              progress.aside(() -> table.row(cells(row)));
            }
          });
    }
    if (!silent && !rows.isEmpty()) {
      explain(out, rows);
    }
    if (!silent && !programs.isEmpty()) {
      if (!rows.isEmpty()) {
        out.println();
      }
      ComparedPages.print(out, programs);
    }
    if (json.isPresent()) {
      Json.write(comparison(seed, rows, programs), json.get(), out);
    }
    if (rows.stream().anyMatch(Row::failed)
        || programs.stream().anyMatch(ComparedPages.Row::failed)) {
      return Main.NO;
    }
    boolean known =
        rows.stream().allMatch(row -> row.unknown() == 0)
            && programs.stream().allMatch(row -> row.unknown() == 0);
    return known ? Main.OK : Main.UNUSABLE;
  }

  /** Those that are named; all if nothing is. */
  private List<StyleProvider> styles() {
    return StyleProvider.installed().stream()
        .filter(it -> names.isEmpty() || names.contains(it.style()))
        .toList();
  }

  private List<ServerProvider> models(List<StyleProvider> styles) throws Failure {
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
      boolean onlyStyle =
          ServerProvider.named(name).isEmpty()
              && styles.stream().anyMatch(it -> it.style().equals(name));
      if (!onlyStyle) {
        models.add(Choices.availableModel(name));
      }
    }
    return models;
  }

  /** Some at a time: most rules wait for what must not come, and do not compute meanwhile. */
  private static Judged judge(
      List<ServerProvider> models, List<ComparedPages.Page> pages, long seed, Progress progress)
      throws InterruptedException {
    try (ExecutorService judges = Executors.newFixedThreadPool(JUDGES)) {
      List<Future<Row>> ofModels = new ArrayList<>();
      for (ServerProvider model : models) {
        ofModels.add(judges.submit(() -> judge(model, seed, progress)));
      }
      List<Future<ComparedPages.Row>> ofPages = new ArrayList<>();
      for (ComparedPages.Page page : pages) {
        ofPages.add(judges.submit(() -> ComparedPages.judge(page, seed, progress)));
      }
      try {
        return new Judged(all(ofModels), all(ofPages));
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      } finally {
        judges.shutdownNow();
      }
    }
  }

  private static <T> List<T> all(List<Future<T>> futures)
      throws ExecutionException, InterruptedException {
    List<T> results = new ArrayList<>();
    for (Future<T> each : futures) {
      results.add(each.get());
    }
    return results;
  }

  /** A model that does not come up is a row, too. */
  private static Row judge(ServerProvider model, long seed, Progress progress)
      throws InterruptedException {
    String name = model.card().name();
    try (ModelTarget target = new ModelTarget(model, Optional.empty())) {
      progress.say(name + ": talking");
      String conversation = Exchange.withServer(target.shared(Services.UPPER), seed);
      progress.step();
      progress.say(name + ": judging");
      Report report =
          new Kit(Rules.all(), Bounds.STANDARD, seed).judge(target, _ -> progress.step());
      return new Row(
          model.card(),
          target.name(),
          conversation,
          report.count(Verdict.KEPT),
          report.count(Verdict.BROKEN),
          report.count(Verdict.SKIPPED),
          report.unanswered(),
          ComparedPages.described(report, Verdict.BROKEN),
          ComparedPages.described(report, Verdict.INCONCLUSIVE, Verdict.ERROR),
          Optional.empty(),
          List.of(),
          "");
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      return new Row(
          model.card(),
          name,
          "",
          0,
          0,
          0,
          0,
          List.of(),
          List.of(),
          Optional.empty(),
          List.of(),
          why);
    }
  }

  /** Each is a row, once it has been loaded; who did not come up when it was judged, at once. */
  private static void load(List<Row> judged, Progress progress, Consumer<Row> rows)
      throws InterruptedException {
    Map<String, Row> waiting = new LinkedHashMap<>();
    List<ServerSpec> candidates = new ArrayList<>();
    for (Row row : judged) {
      if (row.loadFailure().isEmpty()) {
        waiting.put(row.card().name(), row);
        candidates.add(candidate(row.card().name()));
      } else {
        rows.accept(row);
      }
    }
    try (Pinning pinning = Pinning.attempt()) {
      Bench bench =
          new Bench(
              () -> new Lineup(pinning),
              SCENARIO,
              BenchCommand.QUICK,
              0,
              List.of(),
              Optional.of(YARDSTICK),
              false,
              _ -> Set.of());
      bench.run(
          candidates,
          new Bench.Listener() {
            @Override
            public void doing(String what) {
              progress.say("loading " + what);
            }

            @Override
            public void step() {
              progress.step();
            }

            @Override
            public void measured(ServerResult result) {
              Row row = Objects.requireNonNull(waiting.get(result.name()), result.name());
              rows.accept(row.with(result));
            }
          });
    }
  }

  private static ServerSpec candidate(String name) {
    try {
      return Lineup.candidate(name);
    } catch (Failure e) {
      throw new IllegalStateException(name, e); // It was there a moment ago.
    }
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
              String mark = load.connections() == 1 ? "¹" : row.has(Caveat.NOT_STEADY) ? "²" : " ";
              String limit = row.has(Caveat.LOADER_SATURATED) ? "³" : mark;
              Optional<Ratio> ratio = load.toCommon();
              Optional<Spread> cpu = ratio.flatMap(Ratio::cpu);
              cells.add(
                  ratio.map(it -> "%.2f%s".formatted(it.throughput().median(), limit)).orElse("–"));
              cells.add(cpu.map(it -> "%.2f%s".formatted(it.median(), mark)).orElse("–"));
              cells.add("%.0f".formatted(load.latency().p50().median()));
              cells.add("%.0f".formatted(load.latency().p99().median()));
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
        "MSG/S and CPU/MSG: multiples of %s in the same turns; %s.%n",
        YARDSTICK,
        SCENARIO.words());
    if (single) {
      out.println("¹ serves one client at a time: both with one connection.");
    }
    if (rows.stream().anyMatch(it -> it.has(Caveat.NOT_STEADY))) {
      out.println("² was not steady when it was measured; bench takes the time that it needs.");
    }
    if (rows.stream().anyMatch(it -> it.has(Caveat.LOADER_SATURATED))) {
      out.println("³ the loader was at its limit: MSG/S and latency are its own as much.");
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
      row.unknownRules().forEach(it -> out.printf("%s: no verdict: %s%n", name, it));
    }
    out.flush();
  }

  private static Comparison comparison(
      long seed, List<Row> rows, List<ComparedPages.Row> programs) {
    return new Comparison(
        Runtime.version().toString(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        Runtime.getRuntime().availableProcessors(),
        YARDSTICK,
        seed,
        rows,
        programs);
  }
}
