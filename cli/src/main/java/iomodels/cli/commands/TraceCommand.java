package iomodels.cli.commands;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.options.ModelNames;
import iomodels.cli.options.Range;
import iomodels.cli.output.ErrorReporter;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.Json;
import iomodels.cli.output.Progress;
import iomodels.cli.output.ShellQuoting;
import iomodels.cli.output.TraceFile;
import iomodels.cli.output.TraceSummary;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.BenchServers;
import iomodels.conformance.targets.CommandTarget;
import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ModelTarget;
import iomodels.lab.bench.Yardstick;
import iomodels.lab.trace.NotPermittedException;
import iomodels.lab.trace.Trace;
import iomodels.lab.trace.Tracer;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace}: records the system calls of a server while it serves three clients. */
@Command(
    name = "trace",
    description = {
      "Record a server's system calls while it serves three clients: A talks with pauses; B"
          + " connects, is silent for a long time, and then talks; C sends 6 MiB, reads nothing for"
          + " a while, and then reads slowly. About two seconds each, by strace, on Linux.",
      "Each call has its client and its two phases: how long it waited, and how long it copied. A"
          + " traced server is many times slower, but does the same."
    },
    footer = {
      "",
      "Exit code: 0 all were recorded, 1 one of them failed or was cut off, 2 none was recorded."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class TraceCommand implements Callable<Integer> {

  private static final String SUFFIX = ".trace.json";
  private static final int STEPS = 3;
  private static final int SIGNALS_MILLIS = 100;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      completionCandidates = ModelNames.class,
      description =
          "A model, a server of iomodels list --wrong, a server in C such as c-epoll, or a"
              + " framework example such as example-vertx; see: iomodels list")
  private List<String> names = List.of();

  @Option(names = "--all", description = "Every model that works here.")
  private boolean all;

  @Option(
      names = "--tutorial",
      paramLabel = "NAME",
      description = "A server as textbooks first show it; see: iomodels list --wrong")
  private List<String> tutorials = List.of();

  @Option(
      names = "--exec",
      paramLabel = "'COMMAND {port}'",
      description = "A server in any language that serves upper; it is started and stopped.")
  private Optional<String> executed = Optional.empty();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the --exec server in the trace (default: server).")
  private Optional<String> executedName = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE|DIR",
      description =
          "File to write to (default: MODEL.trace.json in the current directory); for several"
              + " servers, a directory.")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--limit",
      paramLabel = "SECONDS",
      defaultValue = "15",
      description =
          "Time limit for each server; raise it on a busy machine (default: ${DEFAULT-VALUE}).")
  @Range(most = 3_600)
  private int limit = 15;

  /** A server to trace, and the arguments that select it. */
  private record TracedServer(String name, String arguments, Launcher launcher) {}

  /** Starts a server in a process of its own. */
  private interface Launcher {
    Started start() throws IOException, InterruptedException;
  }

  /** A running server. */
  private record Started(InetSocketAddress address, ProcessHandle process, AutoCloseable end) {}

  @Override
  public Integer call() throws UserError, InterruptedException {
    List<TracedServer> servers = tracedServers();
    List<Path> files = files(servers);
    Tracer tracer = tracer().within(Duration.ofSeconds(limit));
    PrintWriter out = spec.commandLine().getOut();
    int recorded = 0;
    int whole = 0;
    try (Progress progress = Progress.of((long) servers.size() * STEPS)) {
      for (int i = 0; i < servers.size(); i++) {
        TracedServer traced = servers.get(i);
        Path file = files.get(i);
        Optional<Trace> trace = trace(tracer, traced, progress);
        if (trace.isPresent()) {
          recorded++;
          whole += trace.get().complete() ? 1 : 0;
          TraceFile.write(trace.get(), traced.name(), traced.arguments(), tracer.strace(), file);
          progress.aside(() -> TraceSummary.print(out, traced.name(), trace.get(), file));
        }
      }
    }
    if (recorded == 0) {
      return ExitCode.UNUSABLE;
    }
    out.println("To look at a trace, open its file in the timeline page of: iomodels study");
    out.flush();
    return whole == servers.size() ? ExitCode.OK : ExitCode.NO;
  }

  private static Tracer tracer() throws UserError, InterruptedException {
    try {
      return Tracer.here();
    } catch (IOException _) {
      throw new UserError(
          "there is no strace here; install it, for instance with: apt-get install strace");
    }
  }

  /** Records one server; empty if that failed, which has then been reported. */
  private Optional<Trace> trace(Tracer tracer, TracedServer traced, Progress progress)
      throws UserError, InterruptedException {
    progress.say(traced.name() + ": starting");
    try {
      Started server = traced.launcher().start();
      try {
        Trace trace =
            tracer.record(
                server.address(),
                server.process(),
                doing -> {
                  progress.say(traced.name() + ": " + doing);
                  progress.step();
                });
        return isEnding() ? Optional.empty() : Optional.of(trace);
      } finally {
        end(server.end());
      }
    } catch (RuntimeException e) {
      if (isEnding()) {
        return Optional.empty();
      }
      throw e;
    } catch (NotPermittedException _) {
      throw new UserError(
          "strace may not trace here; permit it: in a container with --cap-add=SYS_PTRACE,"
              + " elsewhere with: sudo sysctl kernel.yama.ptrace_scope=0");
    } catch (IOException e) {
      // Ctrl-C ends all processes, and may have ended the server first.
      Thread.sleep(SIGNALS_MILLIS);
      if (!isEnding()) {
        progress.aside(
            () ->
                ErrorReporter.report(
                    spec.commandLine().getErr(),
                    "%s cannot be traced: %s".formatted(traced.name(), e.getMessage())));
      }
      return Optional.empty();
    }
  }

  /** Whether this JVM is shutting down: then a failure is not the server's. */
  private static boolean isEnding() {
    try {
      Runtime.getRuntime().removeShutdownHook(new Thread(() -> {}));
      return false;
    } catch (IllegalStateException _) {
      return true;
    }
  }

  private static void end(AutoCloseable server) throws IOException {
    try {
      server.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private List<TracedServer> tracedServers() throws UserError {
    List<TracedServer> servers = new ArrayList<>();
    if (all) {
      for (ServerProvider model : ArgumentResolver.models()) {
        if (names.contains(model.card().name())) {
          continue; // It is added below.
        }
        if (model.availability().here()) {
          servers.add(of(model.card().name(), model));
        } else {
          spec.commandLine()
              .getErr()
              .printf("%s is left out: %s%n", model.card().name(), model.availability().reason());
        }
      }
    }
    for (String name : names) {
      if (BenchServers.isYardstick(name)) {
        String yardstick = BenchServers.yardstick(name);
        servers.add(new TracedServer(name, name, () -> yardstick(yardstick)));
      } else {
        servers.add(of(name, ServerNames.server(name)));
      }
    }
    for (String name : tutorials) {
      servers.add(of("--tutorial " + name, ServerNames.tutorial(name)));
    }
    if (executed.isPresent()) {
      servers.add(ofCommand(executed.get()));
    } else if (executedName.isPresent()) {
      throw new UserError("--name is for --exec; leave it out");
    }
    if (servers.isEmpty()) {
      throw new UserError(
          "name a MODEL, or give --all, --tutorial NAME or --exec 'COMMAND {port}'");
    }
    return servers;
  }

  private static TracedServer of(String arguments, ServerProvider provider) {
    Service service = ServerNames.onlyService(provider).orElse(Services.UPPER);
    return new TracedServer(
        provider.card().name(),
        arguments,
        () -> {
          ModelTarget target = new ModelTarget(provider, Optional.empty()).serving(service);
          try {
            return new Started(target.shared(service), target.process(), target);
          } catch (IOException | InterruptedException e) {
            target.close();
            throw e;
          }
        });
  }

  private TracedServer ofCommand(String command) throws UserError {
    if (!command.contains("{port}")) {
      throw new UserError(
          "--exec '%s' needs {port} where the command takes its port".formatted(command));
    }
    String name = executedName.orElse("server");
    String arguments =
        "--exec %s --name %s".formatted(ShellQuoting.quoted(command), ShellQuoting.word(name));
    return new TracedServer(
        name,
        arguments,
        () -> {
          Instance instance =
              new CommandTarget(command, List.of(Services.UPPER), Optional.empty())
                  .launch(Services.UPPER, 0);
          return new Started(instance.address(), instance.process().orElseThrow(), instance);
        });
  }

  private static Started yardstick(String name) throws IOException, InterruptedException {
    Yardstick yardstick = Yardstick.start(name, List.of());
    return new Started(yardstick.address(), yardstick.process(), yardstick);
  }

  /** A file for each server. Fails before the work if one of them cannot be written. */
  private List<Path> files(List<TracedServer> servers) throws UserError {
    Path where = output.orElse(Path.of(""));
    if (Json.isStandardOutput(where)) {
      throw new UserError(
          "a trace goes to a file, since the summary goes to standard output; name a file");
    }
    boolean folder = output.isEmpty() || Files.isDirectory(where);
    if (!folder && servers.size() > 1) {
      throw new UserError(
          "%d servers need more than the file %s; name a directory that exists"
              .formatted(servers.size(), where));
    }
    List<Path> files = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (TracedServer traced : servers) {
      if (!seen.add(traced.name())) {
        throw new UserError("%s is named twice; name it once".formatted(traced.name()));
      }
      Path file = folder ? where.resolve(traced.name() + SUFFIX) : where;
      Json.demandWritable(file);
      files.add(file);
    }
    return files;
  }
}
