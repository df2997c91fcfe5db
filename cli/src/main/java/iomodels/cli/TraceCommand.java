package iomodels.cli;

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
import iomodels.wrong.tutorial.Tutorial;
import iomodels.wrong.tutorial.Tutorials;
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

/** Records who waits where: the system calls of a server while it serves three clients. */
@Command(
    name = "trace",
    description = {
      "Records a server's system calls while it serves three clients: A talks, with pauses; B"
          + " connects, says nothing for long and then talks; C sends 6 MiB, reads nothing for a"
          + " while, and then slowly. About two seconds each, by strace, on Linux.",
      "A call is told by its client and its two phases: how long it waited, and how long it copied."
          + " A server that is traced is many times slower; what it does is the same."
    },
    footer = {
      "",
      "Exit code: 0 all were recorded, 1 one of them failed or was cut off, 2 none could be."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class TraceCommand implements Callable<Integer> {

  private static final String SUFFIX = ".trace.json";
  private static final int STEPS = 3;
  private static final int SIGNALS_MILLIS = 100;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "MODEL",
      description =
          "A model; or c-epoll and the like for the servers in C, example-vertx and the like for"
              + " what a framework's documentation shows; see: iomodels list")
  private List<String> names = List.of();

  @Option(names = "--all", description = "Every model that works here.")
  private boolean all;

  @Option(
      names = "--tutorial",
      paramLabel = "NAME",
      description = "A textbook's first version; see: iomodels list --wrong")
  private List<String> tutorials = List.of();

  @Option(
      names = "--exec",
      paramLabel = "'COMMAND {port}'",
      description = "A server of upper in any language, which is started and stopped.")
  private Optional<String> executed = Optional.empty();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "For --exec: what it is called in the trace (default: server).")
  private Optional<String> executedName = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE|DIR",
      description =
          "Where to write (default: MODEL.trace.json in the current directory); of several servers"
              + " a directory.")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--limit",
      paramLabel = "SECONDS",
      defaultValue = "15",
      description =
          "How long a server may take, on a busy machine more (default: ${DEFAULT-VALUE}).")
  @Range(most = 3_600)
  private int limit = 15;

  /** Something to be traced, and the words that say so on the command line. */
  private record Candidate(String name, String arguments, Starter starter) {}

  /** Starts a server in a process of its own. */
  private interface Starter {
    Started start() throws IOException, InterruptedException;
  }

  /** A server that runs. */
  private record Started(InetSocketAddress address, ProcessHandle process, AutoCloseable end) {}

  @Override
  public Integer call() throws Failure, InterruptedException {
    List<Candidate> candidates = candidates();
    List<Path> files = files(candidates);
    Tracer tracer = tracer().within(Duration.ofSeconds(limit));
    PrintWriter out = spec.commandLine().getOut();
    int recorded = 0;
    int whole = 0;
    try (Progress progress = Progress.of((long) candidates.size() * STEPS)) {
      for (int i = 0; i < candidates.size(); i++) {
        Candidate candidate = candidates.get(i);
        Path file = files.get(i);
        Optional<Trace> trace = trace(tracer, candidate, progress);
        if (trace.isPresent()) {
          recorded++;
          whole += trace.get().complete() ? 1 : 0;
          TraceFile.write(
              trace.get(), candidate.name(), candidate.arguments(), tracer.strace(), file);
          progress.aside(() -> TraceSummary.print(out, candidate.name(), trace.get(), file));
        }
      }
    }
    if (recorded == 0) {
      return Main.UNUSABLE;
    }
    out.println("To look at a trace, open its file in the timeline page of: iomodels study");
    out.flush();
    return whole == candidates.size() ? Main.OK : Main.NO;
  }

  private static Tracer tracer() throws Failure, InterruptedException {
    try {
      return Tracer.here();
    } catch (IOException _) {
      throw new Failure(
          "there is no strace here; install it, for instance with: apt-get install strace");
    }
  }

  /** Empty if it could not be traced, and that has been said. */
  private Optional<Trace> trace(Tracer tracer, Candidate candidate, Progress progress)
      throws Failure, InterruptedException {
    progress.say(candidate.name() + ": starting");
    try {
      Started server = candidate.starter().start();
      try {
        Trace trace =
            tracer.record(
                server.address(),
                server.process(),
                doing -> {
                  progress.say(candidate.name() + ": " + doing);
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
      throw new Failure(
          "strace may not trace here; permit it: in a container with --cap-add=SYS_PTRACE,"
              + " elsewhere with: sudo sysctl kernel.yama.ptrace_scope=0");
    } catch (IOException e) {
      Thread.sleep(SIGNALS_MILLIS); // Ctrl-C tells all of us, and may have told it first.
      if (!isEnding()) {
        progress.aside(
            () ->
                Main.complain(
                    spec.commandLine().getErr(),
                    "%s cannot be traced: %s".formatted(candidate.name(), e.getMessage())));
      }
      return Optional.empty();
    }
  }

  /** Whether this program has been told to end: what fails then was ended with it. */
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

  private List<Candidate> candidates() throws Failure {
    List<Candidate> candidates = new ArrayList<>();
    if (all) {
      for (ServerProvider model : Choices.models()) {
        if (names.contains(model.card().name())) {
          continue; // It comes below, and once is enough.
        }
        if (model.availability().here()) {
          candidates.add(of(model.card().name(), model, Services.UPPER));
        } else {
          spec.commandLine()
              .getErr()
              .printf("%s is left out: %s%n", model.card().name(), model.availability().reason());
        }
      }
    }
    for (String name : names) {
      if (Lineup.isYardstick(name)) {
        String yardstick = Lineup.yardstick(name);
        candidates.add(new Candidate(name, name, () -> yardstick(yardstick)));
      } else {
        candidates.add(of(name, Lineup.model(name), Services.UPPER));
      }
    }
    for (String name : tutorials) {
      Tutorial tutorial =
          Tutorials.named(name)
              .orElseThrow(
                  () ->
                      new Failure("no tutorial '%s'; see: iomodels list --wrong".formatted(name)));
      candidates.add(of("--tutorial " + name, tutorial.provider(), tutorial.service()));
    }
    if (executed.isPresent()) {
      candidates.add(ofCommand(executed.get()));
    } else if (executedName.isPresent()) {
      throw new Failure("--name is for --exec; leave it out");
    }
    if (candidates.isEmpty()) {
      throw new Failure("name a MODEL, or give --all, --tutorial NAME or --exec 'COMMAND {port}'");
    }
    return candidates;
  }

  private static Candidate of(String arguments, ServerProvider provider, Service service) {
    return new Candidate(
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

  private Candidate ofCommand(String command) throws Failure {
    if (!command.contains("{port}")) {
      throw new Failure("--exec '%s' needs {port}, where the port goes".formatted(command));
    }
    String name = executedName.orElse("server");
    String arguments = "--exec %s --name %s".formatted(Shell.quoted(command), Shell.word(name));
    return new Candidate(
        name,
        arguments,
        () -> {
          Instance instance =
              new CommandTarget(command, Services.UPPER, Optional.empty())
                  .launch(Services.UPPER, 0);
          return new Started(instance.address(), instance.process().orElseThrow(), instance);
        });
  }

  private static Started yardstick(String name) throws IOException, InterruptedException {
    Yardstick yardstick = Yardstick.start(name, List.of());
    return new Started(yardstick.address(), yardstick.process(), yardstick);
  }

  /** A file for each; whether they can be written is to be known before the work. */
  private List<Path> files(List<Candidate> candidates) throws Failure {
    Path where = output.orElse(Path.of(""));
    if (Json.isStandardOutput(where)) {
      throw new Failure(
          "a trace goes to a file, since the summary is on standard output; name one");
    }
    boolean folder = output.isEmpty() || Files.isDirectory(where);
    if (!folder && candidates.size() > 1) {
      throw new Failure(
          "%d servers have no room in %s; name a directory that is there"
              .formatted(candidates.size(), where));
    }
    List<Path> files = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Candidate candidate : candidates) {
      if (!seen.add(candidate.name())) {
        throw new Failure("%s is named twice; once is enough".formatted(candidate.name()));
      }
      Path file = folder ? where.resolve(candidate.name() + SUFFIX) : where;
      Json.demandWritable(file);
      files.add(file);
    }
    return files;
  }
}
