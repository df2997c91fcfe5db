package iomodels.cli.commands;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.options.JsonOption;
import iomodels.cli.options.ModelNames;
import iomodels.cli.options.QuickOption;
import iomodels.cli.options.SeedOption;
import iomodels.cli.options.WideOption;
import iomodels.cli.output.ComparisonTable;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.ProgramTable;
import iomodels.cli.output.Progress;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.BenchServers;
import iomodels.cli.targets.JudgedServers;
import iomodels.cli.targets.ProgramPages;
import iomodels.cli.targets.RoundTripCheck;
import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.ModelTarget;
import iomodels.lab.bench.Bench;
import iomodels.lab.bench.Pinning;
import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.report.ServerResult;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code compare}: models and programs side by side, by rules, speed and cost. */
@Command(
    name = "compare",
    description = {
      "Compare the models. Each runs in a process of its own, holds a real conversation, is judged"
          + " by the conformance rules, and carries a short load.",
      "The first table has the models by the rules, the second the programs in each style by their"
          + " rules, the third the models by the load: MSG/S and CPU/MSG are multiples of"
          + " blocking-threads, measured in turns with it, as by bench --quick; the median of the"
          + " rounds."
    },
    footer = {
      "",
      "Exit code: 0 all rules are kept, 1 a rule is broken or a server failed, 2 a rule has no"
          + " verdict."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class CompareCommand implements Callable<Integer> {

  private static final String YARDSTICK = "blocking-threads";
  private static final Scenario SCENARIO = Scenario.PING_50;

  /** Number of subjects that are judged concurrently: one uses half a processor. */
  private static final int JUDGES = 2 * Runtime.getRuntime().availableProcessors();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      completionCandidates = ModelNames.class,
      description =
          "Models, servers of iomodels list --wrong, and styles to compare (default: all models and"
              + " styles that work on this machine).")
  private List<String> names = List.of();

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private SeedOption seedOption = new SeedOption();

  @Mixin private WideOption wide = new WideOption();

  /** A comparison; its JSON has these names. */
  record Comparison(
      String java,
      String system,
      int processors,
      String yardstick,
      long seed,
      List<ComparisonTable.Row> models,
      List<ProgramTable.Row> programs) {}

  /** The results of judging. */
  private record Judged(List<ComparisonTable.Row> models, List<ProgramTable.Row> pages) {}

  @Override
  public Integer call() throws UserError, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<StyleProvider> styles = styles();
    List<ServerProvider> models = models(styles);
    List<ProgramPages.Page> pages = ProgramPages.of(styles);
    json.demandWritable();
    long seed = seedOption.orNew();
    List<ComparisonTable.Row> rows = new ArrayList<>();
    List<ProgramTable.Row> programs;
    long steps = (Rules.all().size() + 1 + 2L * (QuickOption.ROUNDS.rounds() + 1)) * models.size();
    try (Progress progress = Progress.of(steps + ProgramPages.steps(pages))) {
      Printer printer =
          new Printer(out, models, pages, progress, json.isStandardOutput(), wide.width());
      Judged judged = judge(models, pages, seed, progress, printer);
      programs = judged.pages();
      if (!models.isEmpty()) {
        printer.printHead(printer.models::loadHead);
      }
      load(
          judged.models(),
          progress,
          row -> {
            rows.add(row);
            printer.print(() -> printer.models.loaded(row));
          });
      if (!rows.isEmpty()) {
        printer.print(() -> printer.models.explain(rows, YARDSTICK, SCENARIO));
      }
    }
    json.write(comparison(seed, rows, programs), out);
    if (rows.stream().anyMatch(ComparisonTable.Row::failed)
        || programs.stream().anyMatch(ProgramTable.Row::failed)) {
      return ExitCode.NO;
    }
    boolean known =
        rows.stream().allMatch(ComparisonTable.Row::hasAllVerdicts)
            && programs.stream().allMatch(ProgramTable.Row::hasAllVerdicts);
    return known ? ExitCode.OK : ExitCode.UNUSABLE;
  }

  /** Prints tables above the progress bar. */
  private static final class Printer {

    private final PrintWriter out;
    private final ComparisonTable models;
    private final ProgramTable programs;
    private final Progress progress;
    private final boolean silent;
    private boolean first = true;

    Printer(
        PrintWriter out,
        List<ServerProvider> models,
        List<ProgramPages.Page> pages,
        Progress progress,
        boolean silent,
        int width) {
      List<String> names = models.stream().flatMap(ArgumentResolver::names).toList();
      this.out = out;
      this.models = new ComparisonTable(out, models, names, width);
      this.programs = ProgramPages.table(out, pages, width);
      this.progress = progress;
      this.silent = silent;
    }

    /** Separates tables by a blank line. */
    void printHead(Runnable head) {
      if (!first) {
        print(out::println);
      }
      first = false;
      print(head);
    }

    void print(Runnable printing) {
      if (!silent) {
        progress.aside(printing);
      }
    }
  }

  /** The styles among the names; all styles if there are no names. */
  private List<StyleProvider> styles() {
    return StyleProvider.installed().stream()
        .filter(it -> names.isEmpty() || names.contains(it.style()))
        .toList();
  }

  private List<ServerProvider> models(List<StyleProvider> styles) throws UserError {
    List<ServerProvider> models = new ArrayList<>();
    if (names.isEmpty()) {
      for (ServerProvider model : ArgumentResolver.models()) {
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
        models.add(ServerNames.server(name));
      }
    }
    return models;
  }

  /** Judges several subjects concurrently: most rules wait, and use little processor time. */
  private static Judged judge(
      List<ServerProvider> models,
      List<ProgramPages.Page> pages,
      long seed,
      Progress progress,
      Printer printer)
      throws InterruptedException {
    try (ExecutorService judges = Executors.newFixedThreadPool(JUDGES)) {
      List<Future<ComparisonTable.Row>> ofModels = new ArrayList<>();
      for (ServerProvider model : models) {
        ofModels.add(judges.submit(() -> judge(model, seed, progress)));
      }
      List<Future<ProgramTable.Row>> ofPages = new ArrayList<>();
      for (ProgramPages.Page page : pages) {
        ofPages.add(judges.submit(() -> ProgramPages.judge(page, seed, progress)));
      }
      try {
        Judged judged =
            new Judged(
                all(ofModels, printer, printer.models::head, printer.models::judged),
                all(ofPages, printer, printer.programs::head, printer.programs::row));
        if (!pages.isEmpty()) {
          printer.print(printer.programs::explain);
        }
        return judged;
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      } finally {
        judges.shutdownNow();
      }
    }
  }

  /** Prints the rows in their order, each as soon as it and those before it are known. */
  private static <T> List<T> all(
      List<Future<T>> futures, Printer printer, Runnable head, Consumer<T> print)
      throws ExecutionException, InterruptedException {
    if (!futures.isEmpty()) {
      printer.printHead(head);
    }
    List<T> rows = new ArrayList<>();
    for (Future<T> each : futures) {
      T row = each.get();
      rows.add(row);
      printer.print(() -> print.accept(row));
    }
    return rows;
  }

  /** Judges a model. One that does not start is a row with the reason. */
  private static ComparisonTable.Row judge(ServerProvider model, long seed, Progress progress)
      throws InterruptedException {
    String name = model.card().name();
    try (ModelTarget target = JudgedServers.target(model, Optional.empty())) {
      progress.say(name + ": talking");
      String conversation = RoundTripCheck.withServer(target.shared(Services.UPPER), seed);
      progress.step();
      progress.say(name + ": judging");
      Report report =
          new Kit(Rules.all(), Bounds.STANDARD, seed).judge(target, _ -> progress.step());
      return ComparisonTable.Row.of(model.card(), conversation, report);
    } catch (IOException e) {
      return ComparisonTable.Row.ofFailure(model.card(), String.valueOf(e.getMessage()));
    }
  }

  /** Loads the models. Passes on each row when it is complete; at once if it did not start. */
  private static void load(
      List<ComparisonTable.Row> judged, Progress progress, Consumer<ComparisonTable.Row> rows)
      throws InterruptedException {
    Map<String, ComparisonTable.Row> waiting = new LinkedHashMap<>();
    List<ServerSpec> specs = new ArrayList<>();
    for (ComparisonTable.Row row : judged) {
      if (row.loadFailure().isEmpty()) {
        waiting.put(row.card().name(), row);
        specs.add(spec(row.card().name()));
      } else {
        rows.accept(row);
      }
    }
    try (Pinning pinning = Pinning.attempt()) {
      Bench bench =
          new Bench(
              () -> new BenchServers(pinning),
              SCENARIO,
              QuickOption.ROUNDS,
              0,
              List.of(),
              Optional.of(YARDSTICK),
              false,
              _ -> Set.of());
      bench.run(
          specs,
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
              ComparisonTable.Row row =
                  Objects.requireNonNull(waiting.get(result.name()), result.name());
              rows.accept(row.with(result));
            }
          });
    }
  }

  private static ServerSpec spec(String name) {
    try {
      return BenchServers.spec(name);
    } catch (UserError e) {
      throw new IllegalStateException(name, e); // The name was valid when the server was judged.
    }
  }

  private static Comparison comparison(
      long seed, List<ComparisonTable.Row> rows, List<ProgramTable.Row> programs) {
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
