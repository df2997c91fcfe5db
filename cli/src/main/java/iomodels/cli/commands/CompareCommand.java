package iomodels.cli.commands;

import iomodels.cli.options.ArgumentResolver;
import iomodels.cli.options.JsonOption;
import iomodels.cli.options.QuickOption;
import iomodels.cli.options.SeedOption;
import iomodels.cli.output.ComparisonTable;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.Findings;
import iomodels.cli.output.ProgramTable;
import iomodels.cli.output.Progress;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.BenchServers;
import iomodels.cli.targets.ProgramPages;
import iomodels.cli.targets.RoundTripCheck;
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
      "MSG/S and CPU/MSG are multiples of blocking-threads, measured in turns with it, as by bench"
          + " --quick: the median of the rounds.",
      "Below the models are the programs in each style, judged by their rules, with lines of code."
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

  /** Number of subjects that are judged concurrently. */
  private static final int JUDGES = 3;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      description = "Models and styles to compare (default: all that work on this machine).")
  private List<String> names = List.of();

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private SeedOption seedOption = new SeedOption();

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
    boolean silent = json.isStandardOutput();
    json.demandWritable();
    long seed = seedOption.orNew();
    ComparisonTable table =
        new ComparisonTable(out, models, models.stream().flatMap(ArgumentResolver::names).toList());
    List<ComparisonTable.Row> rows = new ArrayList<>();
    List<ProgramTable.Row> programs;
    long steps = (Rules.all().size() + 1 + 2L * (QuickOption.ROUNDS.rounds() + 1)) * models.size();
    try (Progress progress = Progress.of(steps + ProgramPages.steps(pages))) {
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
              progress.aside(() -> table.row(row));
            }
          });
    }
    if (!silent && !rows.isEmpty()) {
      table.explain(rows, YARDSTICK, SCENARIO);
    }
    if (!silent && !programs.isEmpty()) {
      if (!rows.isEmpty()) {
        out.println();
      }
      ProgramTable.print(out, programs);
    }
    json.write(comparison(seed, rows, programs), out);
    if (rows.stream().anyMatch(ComparisonTable.Row::failed)
        || programs.stream().anyMatch(ProgramTable.Row::failed)) {
      return ExitCode.NO;
    }
    boolean known =
        rows.stream().allMatch(row -> row.unknown() == 0)
            && programs.stream().allMatch(row -> row.unknown() == 0);
    return known ? ExitCode.OK : ExitCode.UNUSABLE;
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
        models.add(ArgumentResolver.availableModel(name));
      }
    }
    return models;
  }

  /** Judges several subjects concurrently: most rules wait, and use little processor time. */
  private static Judged judge(
      List<ServerProvider> models, List<ProgramPages.Page> pages, long seed, Progress progress)
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

  /** Judges a model. One that does not start is a row with the reason. */
  private static ComparisonTable.Row judge(ServerProvider model, long seed, Progress progress)
      throws InterruptedException {
    String name = model.card().name();
    try (ModelTarget target = new ModelTarget(model, Optional.empty())) {
      progress.say(name + ": talking");
      String conversation = RoundTripCheck.withServer(target.shared(Services.UPPER), seed);
      progress.step();
      progress.say(name + ": judging");
      Report report =
          new Kit(Rules.all(), Bounds.STANDARD, seed).judge(target, _ -> progress.step());
      return new ComparisonTable.Row(
          model.card(),
          target.name(),
          conversation,
          report.count(Verdict.KEPT),
          report.count(Verdict.BROKEN),
          report.count(Verdict.SKIPPED),
          report.unanswered(),
          Findings.described(report, Verdict.BROKEN),
          Findings.described(report, Verdict.INCONCLUSIVE, Verdict.ERROR),
          Optional.empty(),
          List.of(),
          "");
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      return new ComparisonTable.Row(
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
