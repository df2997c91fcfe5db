package iomodels.cli.commands;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.options.HtmlOption;
import iomodels.cli.options.JsonOption;
import iomodels.cli.options.ModelNames;
import iomodels.cli.options.QuickOption;
import iomodels.cli.options.Range;
import iomodels.cli.options.WideOption;
import iomodels.cli.output.BaselineTable;
import iomodels.cli.output.BenchTable;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.MeasurementFiles;
import iomodels.cli.output.Progress;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.BenchServers;
import iomodels.cli.targets.ConformanceGate;
import iomodels.cli.targets.ProgramBenchServers;
import iomodels.lab.bench.Bench;
import iomodels.lab.bench.Descriptors;
import iomodels.lab.bench.InterleavedRun;
import iomodels.lab.bench.Nginx;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench}: measures models and programs relative to servers in C. */
@Command(
    name = "bench",
    description = {
      "Measure the models relative to plain C. Each server has a process and a processor of its"
          + " own, and runs in turns with C epoll, with the same model in C, and with C epoll"
          + " again.",
      "The main figure is processor time per message: throughput and latency depend on the load"
          + " generator and the machine. A row that is not reliable has a caveat, which is"
          + " explained below the table."
    },
    footer = {
      "",
      "The files of --json and --html are written after each scenario.",
      "Exit code: 0 all suitable servers were measured; 1 one of them failed, or costs more"
          + " than in --baseline; 2 none could be measured."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class BenchCommand implements Callable<Integer> {

  private static final InterleavedRun THOROUGH =
      new InterleavedRun(Duration.ofSeconds(5), Duration.ofSeconds(1), 7);

  private static final int LEAST_CROWD = 10;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      completionCandidates = ModelNames.class,
      description =
          "Servers to measure: models, servers in C such as c-epoll, framework examples such as"
              + " example-vertx (default: all models that work on this machine). With --program:"
              + " styles, and c-relay or nginx (default: all styles that have the program).")
  private List<String> names = List.of();

  @Option(
      names = "--program",
      paramLabel = "NAME",
      description =
          "Measure a program instead of models: relay, in turns with a relay in C; chat; or http,"
              + " in turns with nginx.")
  private Optional<String> programName = Optional.empty();

  @Option(
      names = "--scenario",
      split = ",",
      paramLabel = "NAME",
      description =
          "One or more of: ${COMPLETION-CANDIDATES} (default: ping-50; with --program, the"
              + " program's first).")
  private List<Scenario> scenarios = List.of();

  @Option(
      names = "--all-scenarios",
      description =
          "Measure all scenarios, or all of --program: half an hour for 19 models with --quick,"
              + " and much longer without.")
  private boolean allScenarios;

  @Mixin private QuickOption quick = new QuickOption();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Number of rounds after the warm-up (default: 7; with --quick: 5).")
  @Range(most = 1_000)
  private Optional<Integer> rounds = Optional.empty();

  @Option(
      names = "--round",
      paramLabel = "MS",
      description = "Duration of a round in milliseconds (default: 1000; with --quick: 250).")
  @Range(most = 3_600_000)
  private Optional<Integer> roundMillis = Optional.empty();

  @Option(
      names = "--warm-up",
      paramLabel = "MS",
      description =
          "Duration of the warm-up in milliseconds; up to three times as long while the figures"
              + " improve (default: 5000; with --quick: 1000).")
  @Range(least = 0, most = 3_600_000)
  private Optional<Integer> warmUpMillis = Optional.empty();

  @Option(
      names = "--connections",
      paramLabel = "N",
      description =
          "Number of connections in scenario idle (default: 15000) and in http-ticker (default:"
              + " 10000).")
  @Range(least = LEAST_CROWD, most = 60_000)
  private Optional<Integer> crowd = Optional.empty();

  @Option(
      names = "--jvm-flag",
      paramLabel = "FLAG",
      description = "Flag for the JVMs of models, such as --jvm-flag=-XX:+UseZGC; repeatable.")
  private List<String> jvmFlags = List.of();

  @Option(
      names = "--no-kit",
      description = "Do not judge the servers first; their rows get a caveat.")
  private boolean withoutKit;

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private HtmlOption html = new HtmlOption();

  @Mixin private WideOption wide = new WideOption();

  @Option(
      names = "--baseline",
      paramLabel = "FILE",
      description = "File of an earlier run to compare with, written by --json.")
  private Optional<Path> baseline = Optional.empty();

  @Override
  public Integer call() throws UserError, InterruptedException {
    InterleavedRun interleaved = interleaved();
    Optional<Program> program = program();
    List<Scenario> wanted = wanted(program);
    List<ServerSpec> servers =
        program.isPresent() ? ProgramBenchServers.specs(program.get(), names) : selectedServers();
    MeasurementFiles files = new MeasurementFiles(json.file(), html.file());
    files.demandWritable();
    Optional<Measurements> before =
        baseline.isPresent()
            ? Optional.of(MeasurementFiles.read(baseline.get()))
            : Optional.empty();
    PrintWriter out = spec.commandLine().getOut();
    boolean yardsticks = hasYardsticks(program, wanted);
    demandUpstream(program, yardsticks);
    List<ScenarioResult> results = new ArrayList<>();
    int processors = Runtime.getRuntime().availableProcessors(); // before it is pinned to one
    Machine machine;
    try (Pinning pinning = Pinning.attempt()) {
      machine = MeasurementFiles.machine(spec, processors, pinning.toString());
      ConformanceGate judging = new ConformanceGate(program, !withoutKit, pinning, jvmFlags);
      if (!files.isSilent()) {
        out.printf("%s.%n", pinning);
      }
      for (Scenario scenario : wanted) {
        Bench bench =
            new Bench(
                () -> servers(program, pinning),
                scenario,
                interleaved,
                crowd(scenario),
                jvmFlags,
                yardsticks ? common(scenario) : Optional.empty(),
                yardsticks && program.isEmpty(),
                judging::caveats);
        results.add(run(bench, servers, judging, files, out));
        files.write(new Measurements(machine, List.copyOf(results), List.of()));
      }
    }
    Measurements now = new Measurements(machine, List.copyOf(results), List.of());
    files.finish(now, out);
    // With --json=-, standard output contains nothing but JSON.
    return exitCode(now, before, files.isSilent() ? spec.commandLine().getErr() : out);
  }

  private static Servers servers(Optional<Program> program, Pinning pinning) {
    return program.isPresent()
        ? new ProgramBenchServers(program.get(), pinning)
        : new BenchServers(pinning);
  }

  /** As many clients as are wanted, or as this process may have descriptors for. */
  private int crowd(Scenario scenario) {
    int wanted = crowd.orElse(scenario.connections());
    int possible = Math.max(LEAST_CROWD, Descriptors.connections());
    if (scenario.isCrowd() && wanted > possible) {
      warn(
          "%s has %,d clients instead of %,d: the limit of file descriptors is too low; raise it"
              + " (ulimit -n %d)",
          scenario, possible, wanted, Descriptors.limitFor(wanted));
    }
    return Math.min(wanted, possible);
  }

  private static Optional<String> common(Scenario scenario) {
    if (scenario.program().filter(Programs.HTTP::equals).isPresent() && !scenario.isForNginx()) {
      return Optional.empty();
    }
    return scenario.program().isPresent()
        ? ProgramBenchServers.common(scenario.program().get())
        : Optional.of(scenario == Scenario.UDP ? Bench.COMMON_OF_DATAGRAMS : Bench.COMMON);
  }

  private static void demandUpstream(Optional<Program> program, boolean yardsticks)
      throws UserError {
    if (program.filter(Programs.RELAY::equals).isPresent() && !yardsticks) {
      throw new UserError(
          "a relay is measured in front of a server in C; install a C compiler (Debian: gcc"
              + " libc6-dev)");
    }
  }

  private Optional<Program> program() throws UserError {
    if (programName.isEmpty()) {
      return Optional.empty();
    }
    String name = programName.get();
    Optional<Program> program =
        Programs.named(name).filter(it -> !Scenario.of(Optional.of(it)).isEmpty());
    if (program.isEmpty()) {
      throw new UserError(
          "program '%s' cannot be measured; choose one of: relay, chat, http".formatted(name));
    }
    if (!jvmFlags.isEmpty()) {
      throw new UserError("--jvm-flag is for models; leave it out");
    }
    return program;
  }

  private List<Scenario> wanted(Optional<Program> program) throws UserError {
    List<Scenario> its = Scenario.of(program);
    if (allScenarios) {
      return its;
    }
    if (scenarios.isEmpty()) {
      return List.of(program.isPresent() ? its.getFirst() : Scenario.PING_50);
    }
    for (Scenario scenario : scenarios) {
      if (!its.contains(scenario)) {
        throw new UserError(
            scenario.program().isPresent()
                ? "scenario %s is for a program; give --program %s"
                    .formatted(scenario, scenario.program().get())
                : "scenario %s is for models, and not for a program; leave it out"
                    .formatted(scenario));
      }
    }
    return scenarios;
  }

  private InterleavedRun interleaved() {
    InterleavedRun usual = quick.orElse(THOROUGH);
    int count = rounds.orElse(usual.rounds());
    int millis = roundMillis.orElse((int) usual.round().toMillis());
    int warmUp = warmUpMillis.orElse((int) usual.warmUp().toMillis());
    return new InterleavedRun(Duration.ofMillis(warmUp), Duration.ofMillis(millis), count);
  }

  private List<ServerSpec> selectedServers() throws UserError {
    List<ServerSpec> servers = new ArrayList<>();
    if (names.isEmpty()) {
      for (ServerProvider model : ArgumentResolver.models()) {
        if (model.availability().here()) {
          servers.add(BenchServers.spec(model.card().name()));
        } else {
          warn("%s is left out: %s", model.card().name(), model.availability().reason());
        }
      }
    }
    for (String name : names) {
      servers.add(BenchServers.spec(name));
    }
    return servers;
  }

  private boolean hasYardsticks(Optional<Program> program, List<Scenario> wanted)
      throws InterruptedException {
    if (program.filter(Programs.HTTP::equals).isPresent()) {
      return wanted.stream().anyMatch(Scenario::isForNginx) && hasNginx();
    }
    try {
      Yardstick.start("epoll", List.of()).close();
      return true;
    } catch (IOException e) {
      warn("there is no server in C to compare with: %s", String.valueOf(e.getMessage()));
      return false;
    }
  }

  private boolean hasNginx() throws InterruptedException {
    try {
      Nginx.start(List.of()).close();
      return true;
    } catch (IOException e) {
      warn("there is no server to compare with: %s", String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void warn(String format, Object... arguments) {
    spec.commandLine().getErr().printf(format + "%n", arguments);
  }

  private ScenarioResult run(
      Bench bench,
      List<ServerSpec> servers,
      ConformanceGate judging,
      MeasurementFiles files,
      PrintWriter out)
      throws InterruptedException {
    if (!files.isSilent()) {
      out.printf("%n%s: %s.%n%n", bench.scenario(), bench.scenario().words());
    }
    List<String> names = servers.stream().flatMap(BenchServers::displayNames).toList();
    BenchTable table = new BenchTable(out, bench.scenario(), servers, names, wide.width());
    try (Progress progress = Progress.of(bench.steps(servers) + judging.steps(servers))) {
      judging.judge(servers, progress);
      if (!files.isSilent()) {
        progress.aside(table::head);
      }
      ScenarioResult result =
          bench.run(
              servers,
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
        progress.aside(() -> table.explain(result, judging::broken));
      }
      return result;
    }
  }

  private static int exitCode(Measurements now, Optional<Measurements> before, PrintWriter out) {
    boolean regression = false;
    if (before.isPresent()) {
      regression = BaselineTable.print(before.get(), now, out);
    }
    List<ServerResult> rows =
        now.scenarios().stream().flatMap(it -> it.servers().stream()).toList();
    boolean failed = rows.stream().anyMatch(row -> !row.failure().isEmpty());
    boolean measured =
        rows.stream().anyMatch(row -> row.failure().isEmpty() && row.unfit().isEmpty());
    if (!measured) {
      return ExitCode.UNUSABLE;
    }
    return failed || regression ? ExitCode.NO : ExitCode.OK;
  }
}
