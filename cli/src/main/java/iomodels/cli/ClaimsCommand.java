package iomodels.cli;

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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code claims}: what introductions to I/O models repeat, put to the test. */
@Command(
    name = "claims",
    description = {
      "Puts the sentences to the test that introductions to I/O models repeat: each has an"
          + " experiment and a verdict, which follows from the figures of this machine.",
      "It takes about ten minutes, with --quick less; nothing else should run then."
    },
    footer = {
      "",
      "Exit code: 0 all were tested, whatever came of it; 1 one of them could not be; 2 wrong"
          + " usage."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ClaimsCommand implements Callable<Integer> {

  private static final InterleavedRun THOROUGH =
      new InterleavedRun(Duration.ofSeconds(2), Duration.ofMillis(500), 7);

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(paramLabel = "CLAIM", description = "Only these, by name; default: all.")
  private List<String> names = List.of();

  @Option(names = "--list", description = "Say what there is, and test nothing.")
  private boolean list;

  @Option(
      names = "--quick",
      description = "Short rounds: for a first look, with more that stays undecided.")
  private boolean quick;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write all to a file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a page with charts, which needs nothing else.")
  private Optional<Path> html = Optional.empty();

  @Override
  public Integer call() throws Failure, InterruptedException {
    List<Experiment> experiments = experiments();
    PrintWriter out = spec.commandLine().getOut();
    if (list) {
      Table.print(
          out,
          List.of("NAME", "CLAIM"),
          experiments.stream().map(it -> List.of(it.id(), it.claim())).toList());
      return Main.OK;
    }
    LabFiles files = new LabFiles(json, html);
    files.demandWritable();
    List<ClaimResult> results = new ArrayList<>();
    int processors = Runtime.getRuntime().availableProcessors(); // before it is pinned to one
    Machine machine;
    try (Pinning pinning = Pinning.attempt();
        Progress progress = Progress.of(experiments.size())) {
      machine = LabFiles.machine(spec, processors, pinning.toString());
      Laboratory laboratory =
          new Laboratory(
              () -> new Lineup(pinning), quick ? BenchCommand.QUICK : THOROUGH, progress::say);
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
    return all ? Main.OK : Main.NO;
  }

  private List<Experiment> experiments() throws Failure {
    if (names.isEmpty()) {
      return Claims.all();
    }
    List<Experiment> experiments = new ArrayList<>();
    for (String name : names) {
      String there = Claims.all().stream().map(Experiment::id).collect(Collectors.joining(", "));
      experiments.add(
          Claims.named(name)
              .orElseThrow(
                  () -> new Failure("no claim '%s'; there are: %s".formatted(name, there))));
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
