package iomodels.cli.commands;

import iomodels.cli.options.HtmlOption;
import iomodels.cli.options.JsonOption;
import iomodels.cli.options.QuickOption;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.MeasurementFiles;
import iomodels.cli.output.Progress;
import iomodels.cli.output.Table;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.BenchServers;
import iomodels.lab.bench.InterleavedRun;
import iomodels.lab.bench.Pinning;
import iomodels.lab.claims.Claims;
import iomodels.lab.claims.Experiment;
import iomodels.lab.claims.Laboratory;
import iomodels.lab.report.ClaimResult;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code claims}: tests common statements about I/O models by experiments. */
@Command(
    name = "claims",
    description = {
      "Test common statements about I/O models. Each has an experiment; the verdict follows from"
          + " the figures of this machine.",
      "It takes about ten minutes, less with --quick. Nothing else should run meanwhile."
    },
    footer = {
      "",
      "Exit code: 0 all were tested, whatever the verdicts; 1 one of them could not be tested; 2"
          + " wrong usage."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class ClaimsCommand implements Callable<Integer> {

  private static final InterleavedRun THOROUGH =
      new InterleavedRun(Duration.ofSeconds(2), Duration.ofMillis(500), 7);

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(paramLabel = "CLAIM", description = "Names of the claims to test (default: all).")
  private List<String> names = List.of();

  @Option(names = "--list", description = "List the claims, and test nothing.")
  private boolean list;

  @Mixin private QuickOption quick = new QuickOption();

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private HtmlOption html = new HtmlOption();

  @Override
  public Integer call() throws UserError, InterruptedException {
    List<Experiment> experiments = experiments();
    PrintWriter out = spec.commandLine().getOut();
    if (list) {
      Table.print(
          out,
          List.of("NAME", "CLAIM"),
          experiments.stream().map(it -> List.of(it.id(), it.claim())).toList());
      return ExitCode.OK;
    }
    MeasurementFiles files = new MeasurementFiles(json.file(), html.file());
    files.demandWritable();
    List<ClaimResult> results = new ArrayList<>();
    int processors = Runtime.getRuntime().availableProcessors(); // before it is pinned to one
    Machine machine;
    try (Pinning pinning = Pinning.attempt();
        Progress progress = Progress.of(experiments.size())) {
      machine = MeasurementFiles.machine(spec, processors, pinning.toString());
      Laboratory laboratory =
          new Laboratory(() -> new BenchServers(pinning), quick.orElse(THOROUGH), progress::say);
      for (Experiment experiment : experiments) {
        ClaimResult result = Claims.test(experiment, laboratory);
        results.add(result);
        progress.step();
        if (!files.isSilent()) {
          progress.aside(() -> print(result, out));
        }
        files.write(new Measurements(machine, List.of(), List.copyOf(results)));
      }
    }
    files.finish(new Measurements(machine, List.of(), results), out);
    boolean all = results.stream().noneMatch(it -> it.verdict() == Verdict.NOT_TESTED);
    return all ? ExitCode.OK : ExitCode.NO;
  }

  private List<Experiment> experiments() throws UserError {
    if (names.isEmpty()) {
      return Claims.all();
    }
    List<Experiment> experiments = new ArrayList<>();
    for (String name : names) {
      String there = Claims.all().stream().map(Experiment::id).collect(Collectors.joining(", "));
      experiments.add(
          Claims.named(name)
              .orElseThrow(
                  () -> new UserError("no claim '%s'; there are: %s".formatted(name, there))));
    }
    return experiments;
  }

  private static void print(ClaimResult result, PrintWriter out) {
    String verdict =
        switch (result.verdict()) {
          case HOLDS -> "@|bold,green HOLDS|@";
          case HOLDS_WHEN -> "@|bold,cyan HOLDS UNDER A CONDITION|@";
          case DOES_NOT_HOLD -> "@|bold,yellow DOES NOT HOLD|@";
          case UNDECIDED -> "@|bold UNDECIDED|@";
          case NOT_TESTED -> "@|bold,red NOT TESTED|@";
        };
    out.println(Ansi.AUTO.string("@|bold " + result.claim() + "|@ (" + result.id() + ")"));
    out.println("  " + Ansi.AUTO.string(verdict) + ": " + result.finding());
    out.println();
    out.flush();
  }
}
