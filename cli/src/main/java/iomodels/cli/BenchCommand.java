package iomodels.cli;

import iomodels.lab.bench.Bench;
import iomodels.lab.bench.InterleavedRun;
import iomodels.lab.bench.Pinning;
import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.bench.Servers;
import iomodels.lab.bench.Yardstick;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
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
          + " loads, and where. A row that cannot be relied on is stamped, and the reason said"
          + " below."
    },
    footer = {
      "",
      "Exit code: 0 all were measured that are made for it; 1 one of them failed, or is dearer",
      "than in --baseline; 2 none could be measured."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchCommand implements Callable<Integer> {

  private static final InterleavedRun THOROUGH =
      new InterleavedRun(Duration.ofSeconds(5), Duration.ofSeconds(1), 7);

  /** For a first look: a quarter of the time. */
  static final InterleavedRun QUICK =
      new InterleavedRun(Duration.ofSeconds(1), Duration.ofMillis(250), 5);

  private static final int CROWD = 15_000;
  private static final int LEAST_CROWD = 10;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      description =
          "Only these, c-epoll and the like among them for the servers in C, example-vertx and the"
              + " like for what a framework's documentation shows; default: all models that work"
              + " here. With --program, styles, and c-relay; default: all styles that have it.")
  private List<String> names = List.of();

  @Option(
      names = "--program",
      paramLabel = "NAME",
      description =
          "Not the models but a program in several styles: relay, in turns with the same in C, or"
              + " chat.")
  private Optional<String> programName = Optional.empty();

  @Option(
      names = "--scenario",
      split = ",",
      paramLabel = "NAME",
      description =
          "One or more of: ${COMPLETION-CANDIDATES} (default: ping-50; with --program, its own,"
              + " which is called as it is).")
  private List<Scenario> scenarios = List.of();

  @Option(
      names = "--all-scenarios",
      description =
          "All of them: for 19 models half an hour with --quick, and much longer without.")
  private boolean allScenarios;

  @Option(
      names = "--quick",
      description = "Rounds of a quarter of a second, and a short warm-up: for a first look.")
  private boolean quick;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How many rounds count (default: 7; quick: 5).")
  @Range(most = 1_000)
  private Optional<Integer> rounds = Optional.empty();

  @Option(
      names = "--round",
      paramLabel = "MS",
      description = "How long a round is, in milliseconds (default: 1000; quick: 250).")
  @Range(most = 3_600_000)
  private Optional<Integer> roundMillis = Optional.empty();

  @Option(
      names = "--warm-up",
      paramLabel = "MS",
      description =
          "How long to load each before, in milliseconds; up to three times as long while it still"
              + " gets better (default: 5000; quick: 1000).")
  @Range(least = 0, most = 3_600_000)
  private Optional<Integer> warmUpMillis = Optional.empty();

  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "For idle: how many (default: " + CROWD + ").")
  @Range(least = LEAST_CROWD, most = 60_000)
  private int crowd = CROWD;

  @Option(
      names = "--jvm-flag",
      paramLabel = "FLAG",
      description = "For the models' JVMs, such as --jvm-flag=-XX:+UseZGC; repeatable.")
  private List<String> jvmFlags = List.of();

  @Option(
      names = "--no-kit",
      description = "Do not judge the models first; their rows are stamped for it.")
  private boolean withoutKit;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description =
          "Write the figures to a file as well, after each scenario; - for standard output, and"
              + " only there.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a page with charts, which needs nothing else.")
  private Optional<Path> html = Optional.empty();

  @Option(
      names = "--baseline",
      paramLabel = "FILE",
      description = "Compare with the figures of an earlier run, written by --json.")
  private Optional<Path> baseline = Optional.empty();

  @Override
  public Integer call() throws Failure, InterruptedException {
    InterleavedRun interleaved = interleaved();
    Optional<Program> program = program();
    List<Scenario> wanted = wanted(program);
    List<ServerSpec> candidates =
        program.isPresent() ? ProgramLineup.candidates(program.get(), names) : candidates();
    LabFiles files = new LabFiles(json, html);
    files.demandWritable();
    Optional<Measurements> before =
        baseline.isPresent() ? Optional.of(LabFiles.read(baseline.get())) : Optional.empty();
    PrintWriter out = spec.commandLine().getOut();
    boolean yardsticks = hasYardsticks();
    demandUpstream(program, yardsticks);
    List<ScenarioResult> results = new ArrayList<>();
    int processors = Runtime.getRuntime().availableProcessors(); // before it is pinned to one
    Machine machine;
    try (Pinning pinning = Pinning.attempt()) {
      machine = LabFiles.machine(spec, processors, pinning.toString());
      Judging judging = new Judging(program, !withoutKit, pinning, jvmFlags);
      if (!files.isSilent()) {
        out.printf("%s.%n", pinning);
      }
      for (Scenario scenario : wanted) {
        Bench bench =
            new Bench(
                () -> servers(program, pinning),
                scenario,
                interleaved,
                crowd,
                jvmFlags,
                yardsticks ? common(scenario) : Optional.empty(),
                yardsticks && program.isEmpty(),
                judging::stamps);
        results.add(run(bench, candidates, judging, files, out));
        files.write(new Measurements(machine, List.copyOf(results), List.of()));
      }
    }
    Measurements now = new Measurements(machine, List.copyOf(results), List.of());
    files.finish(now, out);
    // Standard output is JSON's alone, if that goes there.
    return exitCode(now, before, files.isSilent() ? spec.commandLine().getErr() : out);
  }

  private static Servers servers(Optional<Program> program, Pinning pinning) {
    return program.isPresent() ? new ProgramLineup(program.get(), pinning) : new Lineup(pinning);
  }

  private static Optional<String> common(Scenario scenario) {
    return scenario.program().isPresent()
        ? ProgramLineup.common(scenario.program().get())
        : Optional.of(scenario == Scenario.UDP ? Bench.COMMON_OF_DATAGRAMS : Bench.COMMON);
  }

  private static void demandUpstream(Optional<Program> program, boolean yardsticks) throws Failure {
    if (program.filter(Programs.RELAY::equals).isPresent() && !yardsticks) {
      throw new Failure(
          "a relay is measured in front of a server in C; install a C compiler (Debian: gcc"
              + " libc6-dev)");
    }
  }

  private Optional<Program> program() throws Failure {
    if (programName.isEmpty()) {
      return Optional.empty();
    }
    String name = programName.get();
    Optional<Program> program =
        Programs.named(name).filter(it -> !Scenario.of(Optional.of(it)).isEmpty());
    if (program.isEmpty()) {
      throw new Failure("no program '%s' is measured; those are: relay, chat".formatted(name));
    }
    if (!jvmFlags.isEmpty()) {
      throw new Failure("--jvm-flag is for models; leave it out");
    }
    return program;
  }

  private List<Scenario> wanted(Optional<Program> program) throws Failure {
    List<Scenario> its = Scenario.of(program);
    if (allScenarios) {
      return its;
    }
    if (scenarios.isEmpty()) {
      return program.isPresent() ? its : List.of(Scenario.PING_50);
    }
    for (Scenario scenario : scenarios) {
      if (!its.contains(scenario)) {
        throw new Failure(
            scenario.program().isPresent()
                ? "%s is asked of a program: give --program %1$s".formatted(scenario)
                : "%s is asked of models, and not of a program".formatted(scenario));
      }
    }
    return scenarios;
  }

  private InterleavedRun interleaved() {
    InterleavedRun usual = quick ? QUICK : THOROUGH;
    int count = rounds.orElse(usual.rounds());
    int millis = roundMillis.orElse((int) usual.round().toMillis());
    int warmUp = warmUpMillis.orElse((int) usual.warmUp().toMillis());
    return new InterleavedRun(Duration.ofMillis(warmUp), Duration.ofMillis(millis), count);
  }

  private List<ServerSpec> candidates() throws Failure {
    List<ServerSpec> candidates = new ArrayList<>();
    if (names.isEmpty()) {
      for (ServerProvider model : Choices.models()) {
        if (model.availability().here()) {
          candidates.add(Lineup.candidate(model.card().name()));
        } else {
          complain("%s is left out: %s", model.card().name(), model.availability().reason());
        }
      }
    }
    for (String name : names) {
      candidates.add(Lineup.candidate(name));
    }
    return candidates;
  }

  private boolean hasYardsticks() throws InterruptedException {
    try {
      Yardstick.start("epoll", List.of()).close();
      return true;
    } catch (IOException e) {
      complain("nothing to measure against: %s", String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void complain(String format, Object... arguments) {
    spec.commandLine().getErr().printf(format + "%n", arguments);
  }

  private ScenarioResult run(
      Bench bench, List<ServerSpec> candidates, Judging judging, LabFiles files, PrintWriter out)
      throws InterruptedException {
    if (!files.isSilent()) {
      out.printf("%n%s: %s.%n%n", bench.scenario(), bench.scenario().words());
    }
    BenchTable table = new BenchTable(out, bench.scenario(), candidates);
    try (Progress progress = Progress.of(bench.steps(candidates) + judging.steps(candidates))) {
      judging.judge(candidates, progress);
      if (!files.isSilent()) {
        progress.aside(table::head);
      }
      ScenarioResult result =
          bench.run(
              candidates,
              new Bench.Listener() {
                @Override
                public void doing(String what) {
                  progress.say(what);
                }

                @Override
                public void step() {
                  progress.step();
                }

                @Override
                public void measured(ServerResult server) {
                  if (!files.isSilent()) {
                    progress.aside(() -> table.row(server));
                  }
                }
              });
      if (!files.isSilent()) {
        progress.aside(() -> table.explain(result, judging));
      }
      return result;
    }
  }

  private static int exitCode(Measurements now, Optional<Measurements> before, PrintWriter out) {
    boolean dearer = false;
    if (before.isPresent()) {
      dearer = BaselineTable.print(before.get(), now, out);
    }
    List<ServerResult> rows =
        now.scenarios().stream().flatMap(it -> it.servers().stream()).toList();
    boolean failed = rows.stream().anyMatch(row -> !row.failure().isEmpty());
    boolean measured =
        rows.stream().anyMatch(row -> row.failure().isEmpty() && row.unfit().isEmpty());
    if (!measured) {
      return Main.UNUSABLE;
    }
    return failed || dearer ? Main.NO : Main.OK;
  }
}
