package iomodels.cli;

import iomodels.conformance.targets.Connector;
import iomodels.conformance.targets.HostAndPort;
import iomodels.lab.load.Load;
import iomodels.lab.load.LoadException;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.load.LoadResult;
import iomodels.lab.load.Payload;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
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

/** {@code load}: the load generator, for any server. */
@Command(
    name = "load",
    description = {
      "Puts a server under load and verifies every byte of every reply.",
      "Without --rate the loop is closed: each connection sends its next message when an earlier"
          + " one is answered, so that a slow server is asked less. With it the loop is open, and"
          + " latency counts from when a message was due, whether or not it could be sent."
    },
    footer = {
      "",
      "The server has to serve --service: upper for one of your own that answers bytes.upper().",
      "Ctrl-C ends early, and shows what has come until then.",
      "",
      "Exit codes: 0 the server stood it; 1 it did not: it reset, was silent, or gave a wrong"
          + " reply;",
      "2 wrong usage, or no connection; 130 Ctrl-C."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class LoadCommand implements Callable<Integer> {

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration DATAGRAM_PATIENCE = Duration.ofSeconds(1);
  private static final long LAST_WORDS_SECONDS = 30;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private Destination destination = new Destination();

  @Option(names = "--udp", description = "Datagrams instead of TCP.")
  private boolean udp;

  @Option(
      names = "--churn",
      description = "A connection for each message: connect, send, take the reply, close.")
  private boolean churn;

  @Option(
      names = "--connections",
      defaultValue = "50",
      paramLabel = "N",
      description = "How many at a time; of datagrams, sockets (default: ${DEFAULT-VALUE}).")
  @Range(most = 60_000)
  private int connections = 50;

  @Option(
      names = "--in-flight",
      defaultValue = "1",
      paramLabel = "N",
      description = "Messages that await their reply on each of them (default: ${DEFAULT-VALUE}).")
  @Range(most = 100_000)
  private int inFlight = 1;

  @Option(
      names = "--bytes",
      defaultValue = "64",
      paramLabel = "N",
      description = "How long a message is (default: ${DEFAULT-VALUE}).")
  @Range(most = 1 << 24)
  private int bytes = 64;

  @Option(
      names = "--rate",
      defaultValue = "0",
      paramLabel = "N",
      description = "An open loop of N messages a second, over all connections.")
  @Range(least = 0, most = 10_000_000)
  private int rate;

  @Option(
      names = "--duration",
      defaultValue = "10",
      paramLabel = "SECONDS",
      description = "How long (default: ${DEFAULT-VALUE}).")
  @Range(least = 0.01, most = 86_400)
  private double seconds = 10;

  @Option(
      names = "--warm-up",
      defaultValue = "2",
      paramLabel = "SECONDS",
      description = "The same load before, which does not count (default: ${DEFAULT-VALUE}).")
  @Range(least = 0, most = 86_400)
  private double warmUpSeconds = 2;

  @Option(
      names = "--service",
      defaultValue = "upper",
      paramLabel = "NAME",
      description = "What the server serves: upper, fixed, lines or flood (default: upper).")
  private String service = "upper";

  @Option(
      names = "--beside-c",
      description =
          "In turns with a load generator in plain C, so that you see what this one costs; TCP"
              + " only.")
  private boolean besideC;

  @Option(
      names = "--remote",
      description = "Allow a server on another machine, which has to be yours.")
  private boolean remote;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures to a file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--hdr",
      paramLabel = "FILE",
      description = "Write the latencies of each second to an HdrHistogram log, in nanoseconds.")
  private Optional<Path> hdr = Optional.empty();

  @Override
  public Integer call() throws Failure, InterruptedException {
    HostAndPort server = destination.understand();
    Load load = load(server);
    if (json.isPresent()) {
      Json.demandWritable(json.get());
    }
    if (hdr.isPresent()) {
      Json.demandWritable(hdr.get());
    }
    LoadGenerator generator;
    try {
      generator = LoadGenerator.connect(load);
    } catch (LoadException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
    try (generator) {
      return besideC ? compare(load, generator) : measure(load, generator);
    } catch (LoadException e) {
      Main.complain(spec.commandLine().getErr(), "the server did not stand it: " + e.getMessage());
      return Main.NO;
    }
  }

  private int measure(Load load, LoadGenerator generator)
      throws LoadException, Failure, InterruptedException {
    CountDownLatch lastWords = new CountDownLatch(1);
    LoadProgress progress = progress(load);
    Thread onCtrlC = new Thread(() -> stop(progress, lastWords));
    Runtime.getRuntime().addShutdownHook(onCtrlC);
    try {
      report(LoadReport.of(load, service, run(generator, progress)));
      if (progress.isStopped()) {
        return Main.INTERRUPTED;
      }
      Runtime.getRuntime().removeShutdownHook(onCtrlC);
      return Main.OK;
    } finally {
      lastWords.countDown();
    }
  }

  private LoadProgress progress(Load load) throws Failure {
    try {
      return new LoadProgress(load, hdr, warmUpSeconds + seconds);
    } catch (IOException e) {
      throw new Failure("cannot write %s: %s".formatted(hdr.orElseThrow(), e.getMessage()));
    }
  }

  private LoadResult run(LoadGenerator generator, LoadProgress progress)
      throws LoadException, Failure, InterruptedException {
    try (progress) {
      if (warmUpSeconds > 0) {
        generator.round(duration(warmUpSeconds), progress.warmingUp());
      }
      return generator.round(duration(seconds), progress);
    } catch (IOException e) {
      throw new Failure("cannot write the log: " + e.getMessage());
    }
  }

  private void report(LoadReport report) throws Failure {
    PrintWriter out = spec.commandLine().getOut();
    if (json.isEmpty() || !Json.isStandardOutput(json.get())) {
      report.print(out);
    }
    if (json.isPresent()) {
      Json.write(report, json.get(), out);
    }
  }

  /** The JVM ends when this does: what has come until then is shown first. */
  private static void stop(LoadProgress progress, CountDownLatch lastWords) {
    progress.stop();
    try {
      lastWords.await(LAST_WORDS_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private int compare(Load load, LoadGenerator generator)
      throws LoadException, Failure, InterruptedException {
    try {
      LoaderComparison comparison =
          LoaderComparison.of(load, generator, duration(warmUpSeconds), duration(seconds));
      comparison.print(spec.commandLine().getOut());
      if (json.isPresent()) {
        Json.write(comparison, json.get(), spec.commandLine().getOut());
      }
      return Main.OK;
    } catch (IOException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }

  private Load load(HostAndPort server) throws Failure, InterruptedException {
    // Each connection has a message and a reply of its own, and two times for each that is in
    // flight.
    long memory = connections * (2L * bytes + 2L * Long.BYTES * inFlight);
    if (memory > Runtime.getRuntime().maxMemory() / 2) {
      throw usage(
          "%d connections with --bytes %d and --in-flight %d take %d MiB here; ask for less"
              .formatted(connections, bytes, inFlight, memory >> 20));
    }
    if (udp && churn) {
      throw usage("--churn is about connections, and --udp has none");
    }
    if (churn && (rate > 0 || inFlight > 1)) {
      throw usage("with --churn each connection carries one message, at no --rate");
    }
    if (besideC && (udp || churn || rate > 0 || !service.equals("upper"))) {
      throw usage("the loader in C knows TCP, a closed loop and upper: leave the rest out");
    }
    try {
      Payload payload =
          udp
              ? Payload.ofDatagrams(Choices.service(service), bytes)
              : Payload.of(Choices.service(service), bytes);
      Load load =
          Load.of(address(server), connections, payload).withInFlight(inFlight).withRate(rate);
      if (udp) {
        return load.withShape(Load.Shape.DATAGRAMS).withPatience(DATAGRAM_PATIENCE);
      }
      return churn ? load.withShape(Load.Shape.CHURN) : load;
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }

  private InetSocketAddress address(HostAndPort server) throws Failure, InterruptedException {
    List<InetSocketAddress> addresses = Destination.resolve(server);
    if (!remote && !addresses.stream().allMatch(it -> it.getAddress().isLoopbackAddress())) {
      throw new Failure(
          "%s is not this machine: a load that nobody asked for is an attack; if the server is yours,"
                  .formatted(server.host())
              + " say --remote");
    }
    return Connector.firstThatAnswers(addresses, PATIENCE);
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }
}
