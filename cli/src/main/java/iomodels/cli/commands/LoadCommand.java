package iomodels.cli.commands;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.options.JsonOption;
import iomodels.cli.options.Range;
import iomodels.cli.options.ServerAddress;
import iomodels.cli.options.ServiceOption;
import iomodels.cli.output.ErrorReporter;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.Json;
import iomodels.cli.output.LoadProgress;
import iomodels.cli.output.LoadReport;
import iomodels.cli.output.LoaderComparison;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.Connector;
import iomodels.conformance.targets.HostAndPort;
import iomodels.lab.bench.LoaderInC;
import iomodels.lab.load.Load;
import iomodels.lab.load.LoadException;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.load.LoadGenerators;
import iomodels.lab.load.LoadResult;
import iomodels.lab.load.Payload;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code load}: a load generator for any server. */
@Command(
    name = "load",
    description = {
      "Put a server under load, and verify every byte of every reply.",
      "Without --rate the loop is closed: each connection sends its next message when an earlier"
          + " one is answered, so a slow server gets fewer messages. With --rate the loop is open:"
          + " latency counts from the time at which a message was due, even if it was sent later."
    },
    footer = {
      "",
      "The server has to provide --service: a server that replies with upper-case letters provides"
          + " upper.",
      "Ctrl-C ends the load early, and shows the results so far.",
      "",
      "Exit code: 0 the server worked under load, 1 it failed (it reset, was silent, or gave a"
          + " wrong reply), 2 wrong usage or no connection, 130 Ctrl-C."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class LoadCommand implements Callable<Integer> {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration DATAGRAM_TIMEOUT = Duration.ofSeconds(1);
  private static final long REPORT_SECONDS = 30;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private ServerAddress serverAddress = new ServerAddress();

  @Option(names = "--udp", description = "Send UDP datagrams instead of using TCP.")
  private boolean udp;

  @Option(
      names = "--churn",
      description = "Use a new connection for each message: connect, send, receive, close.")
  private boolean churn;

  @Option(
      names = "--connections",
      defaultValue = "50",
      paramLabel = "N",
      description = "Number of connections; with --udp, of sockets (default: ${DEFAULT-VALUE}).")
  @Range(most = 60_000)
  private int connections = 50;

  @Option(
      names = "--in-flight",
      defaultValue = "1",
      paramLabel = "N",
      description = "Number of unanswered messages on each connection (default: ${DEFAULT-VALUE}).")
  @Range(most = 100_000)
  private int inFlight = 1;

  @Option(
      names = "--bytes",
      defaultValue = "64",
      paramLabel = "N",
      description = "Length of a message (default: ${DEFAULT-VALUE}).")
  @Range(most = 1 << 24)
  private int bytes = 64;

  @Option(
      names = "--rate",
      defaultValue = "0",
      paramLabel = "N",
      description = "Run an open loop of N messages per second over all connections.")
  @Range(least = 0, most = 10_000_000)
  private int rate;

  @Option(
      names = "--duration",
      defaultValue = "10",
      paramLabel = "SECONDS",
      description = "Duration of the load (default: ${DEFAULT-VALUE}).")
  @Range(least = 0.01, most = 86_400)
  private double seconds = 10;

  @Option(
      names = "--warm-up",
      defaultValue = "2",
      paramLabel = "SECONDS",
      description = "Duration of the warm-up, which does not count (default: ${DEFAULT-VALUE}).")
  @Range(least = 0, most = 86_400)
  private double warmUpSeconds = 2;

  @Mixin private ServiceOption service = new ServiceOption();

  @Option(
      names = "--beside-c",
      description =
          "Run in turns with a load generator in plain C, to show the cost of this one; TCP only.")
  private boolean besideC;

  @Option(
      names = "--remote",
      description = "Allow a server on another machine. It must be your own.")
  private boolean remote;

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--hdr",
      paramLabel = "FILE",
      description = "Write the latencies of each second to an HdrHistogram log, in nanoseconds.")
  private Optional<Path> hdr = Optional.empty();

  @Override
  public Integer call() throws UserError, InterruptedException {
    HostAndPort server = serverAddress.parse();
    Load load = load(server);
    json.demandWritable();
    if (hdr.isPresent()) {
      Json.demandWritable(hdr.get());
    }
    LoadGenerator generator;
    try {
      generator = LoadGenerators.connect(load);
    } catch (LoadException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
    try (generator) {
      return besideC ? compare(load, generator) : measure(load, generator);
    } catch (LoadException e) {
      ErrorReporter.report(
          spec.commandLine().getErr(), "the server failed under load: " + e.getMessage());
      return ExitCode.NO;
    }
  }

  private int measure(Load load, LoadGenerator generator)
      throws LoadException, UserError, InterruptedException {
    CountDownLatch reported = new CountDownLatch(1);
    LoadProgress progress = progress(load);
    Thread onCtrlC = new Thread(() -> stop(progress, reported));
    Runtime.getRuntime().addShutdownHook(onCtrlC);
    try {
      report(LoadReport.of(load, service.name(), run(generator, progress)));
      if (progress.isStopped()) {
        return ExitCode.INTERRUPTED;
      }
      Runtime.getRuntime().removeShutdownHook(onCtrlC);
      return ExitCode.OK;
    } finally {
      reported.countDown();
    }
  }

  private LoadProgress progress(Load load) throws UserError {
    try {
      return new LoadProgress(load, hdr, warmUpSeconds + seconds);
    } catch (IOException e) {
      throw new UserError("cannot write %s: %s".formatted(hdr.orElseThrow(), e.getMessage()));
    }
  }

  private LoadResult run(LoadGenerator generator, LoadProgress progress)
      throws LoadException, UserError, InterruptedException {
    try (progress) {
      if (warmUpSeconds > 0) {
        generator.round(duration(warmUpSeconds), progress.warmingUp());
      }
      return generator.round(duration(seconds), progress);
    } catch (IOException e) {
      throw new UserError("cannot write the log: " + e.getMessage());
    }
  }

  private void report(LoadReport report) throws UserError {
    PrintWriter out = spec.commandLine().getOut();
    if (!json.isStandardOutput()) {
      report.print(out);
    }
    json.write(report, out);
  }

  /** Ends the load at Ctrl-C. The JVM exits when this returns, so it waits for the report. */
  private static void stop(LoadProgress progress, CountDownLatch reported) {
    progress.stop();
    try {
      reported.await(REPORT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes twice the warm-up and twice the duration: one for each load generator. */
  private int compare(Load load, LoadGenerator generator)
      throws LoadException, UserError, InterruptedException {
    Duration warmUp = duration(warmUpSeconds);
    Duration round = duration(seconds).dividedBy(LoaderComparison.ROUNDS);
    List<LoadResult> ours = new ArrayList<>();
    List<LoaderInC.Result> others = new ArrayList<>();
    try (LoaderInC other = LoaderInC.connect(load, List.of())) {
      other.round(warmUp);
      generator.round(warmUp);
      for (int i = 0; i < LoaderComparison.ROUNDS; i++) {
        others.add(other.round(round));
        ours.add(generator.round(round));
      }
    } catch (IOException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
    PrintWriter out = spec.commandLine().getOut();
    LoaderComparison comparison = LoaderComparison.of(ours, others, round);
    if (!json.isStandardOutput()) {
      comparison.print(out);
    }
    json.write(comparison, out);
    return ExitCode.OK;
  }

  private Load load(HostAndPort server) throws UserError, InterruptedException {
    // Each connection has its own message and reply, and two timestamps per message in flight.
    long memory = connections * (2L * bytes + 2L * Long.BYTES * inFlight);
    if (memory > Runtime.getRuntime().maxMemory() / 2) {
      throw usage(
          "%d connections with --bytes %d and --in-flight %d take %d MiB here; ask for less"
              .formatted(connections, bytes, inFlight, memory >> 20));
    }
    if (udp && churn) {
      throw usage("--churn is about connections, and --udp has none; leave one of them out");
    }
    if (churn && (rate > 0 || inFlight > 1)) {
      throw usage(
          "with --churn each connection carries one message; leave --rate and --in-flight out");
    }
    if (besideC && (udp || churn || rate > 0 || !service.name().equals(Services.UPPER.name()))) {
      throw usage(
          "the load generator in C supports only TCP, a closed loop and upper; leave the other"
              + " options out");
    }
    try {
      Payload payload =
          udp
              ? Payload.ofDatagrams(service.service(), bytes)
              : Payload.of(service.service(), bytes);
      Load load =
          Load.of(address(server), connections, payload).withInFlight(inFlight).withRate(rate);
      if (udp) {
        return load.withShape(Load.Shape.DATAGRAMS).withPatience(DATAGRAM_TIMEOUT);
      }
      return churn ? load.withShape(Load.Shape.CHURN) : load;
    } catch (IllegalArgumentException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
  }

  private InetSocketAddress address(HostAndPort server) throws UserError, InterruptedException {
    List<InetSocketAddress> addresses = ArgumentResolver.resolve(server);
    if (!remote && !addresses.stream().allMatch(it -> it.getAddress().isLoopbackAddress())) {
      throw new UserError(
          "%s is not this machine, and an unwanted load is an attack; if the server is yours, add --remote"
              .formatted(server.host()));
    }
    return Connector.firstThatAnswers(addresses, CONNECT_TIMEOUT);
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }
}
