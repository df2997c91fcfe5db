package iomodels.cli.options;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.output.UserError;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The options of {@code serve} for programs. */
public final class ProgramOptions {

  private static final ProgramConfig DEFAULTS = ProgramConfig.onLoopback(List.of());

  private static final String UPSTREAM = "--upstream";
  private static final String DEADLINE = "--deadline";
  private static final String BACK_OFF = "--back-off";
  private static final String OUTBOX = "--outbox";
  private static final String FOLDER = "--folder";
  private static final String WORKERS = "--workers";
  private static final String QUEUE = "--queue";

  private static final Map<Program, Set<String>> OWN =
      Map.of(
          Programs.RELAY, Set.of(UPSTREAM, DEADLINE),
          Programs.GATHER, Set.of(UPSTREAM, DEADLINE, BACK_OFF),
          Programs.CHAT, Set.of(OUTBOX),
          Programs.OFFLOAD, Set.of(FOLDER, WORKERS, QUEUE),
          Programs.HTTP, Set.of(FOLDER, DEADLINE));

  @Option(
      names = "--program",
      paramLabel = "NAME",
      description = "relay, gather, chat, offload or http; see: iomodels list --programs")
  private Optional<String> program = Optional.empty();

  @Option(
      names = UPSTREAM,
      paramLabel = "HOST:PORT",
      description =
          "relay: the server to connect to. gather: a server to ask; repeatable, in this order. A"
              + " host name is resolved once, at the start: of several addresses, the first that"
              + " answers is used.")
  private List<String> upstreams = List.of();

  @Option(
      names = DEADLINE,
      paramLabel = "MS",
      description =
          "gather: time limit of a request. relay: time limit for connecting to the upstream"
              + " (default: ${DEFAULT-VALUE}). http: time limit for the head of a request (default:"
              + " 10000).")
  @Range(most = 3_600_000)
  private int deadline = Math.toIntExact(DEFAULTS.deadline().toMillis());

  @Option(
      names = BACK_OFF,
      paramLabel = "MS",
      description = "gather: delay before a retry (default: ${DEFAULT-VALUE}).")
  @Range(most = 3_600_000)
  private int backOff = Math.toIntExact(DEFAULTS.backOff().toMillis());

  @Option(
      names = OUTBOX,
      paramLabel = "BYTES",
      description =
          "chat: size of a member's outbox; a member whose outbox is full is disconnected (default:"
              + " ${DEFAULT-VALUE}).")
  @Range(most = 1 << 30)
  private int outbox = DEFAULTS.outbox();

  @Option(
      names = FOLDER,
      paramLabel = "DIR",
      description =
          "offload, http: folder of the files that clients may read (default: this folder).")
  private Path folder = DEFAULTS.folder();

  @Option(
      names = WORKERS,
      paramLabel = "N",
      description = "offload: number of worker threads (default: ${DEFAULT-VALUE}).")
  @Range(most = 1_000)
  private int workers = DEFAULTS.workers();

  @Option(
      names = QUEUE,
      paramLabel = "N",
      description =
          "offload: number of requests that can wait for a worker (default: ${DEFAULT-VALUE}).")
  @Range(most = 1_000_000)
  private int queue = DEFAULTS.queue();

  /** The program; empty if a model is to be served. */
  public Optional<Program> program() throws UserError {
    return program.isEmpty()
        ? Optional.empty()
        : Optional.of(ArgumentResolver.program(program.get()));
  }

  /**
   * Fails if an option of programs is given for a model.
   *
   * @param isGiven whether there is an option of that name on the command line
   */
  public static void demandNone(Predicate<String> isGiven) throws UserError {
    for (String option : options().filter(isGiven).toList()) {
      List<String> programs =
          Programs.all().stream()
              .filter(it -> own(it).contains(option))
              .map(Program::name)
              .toList();
      throw new UserError(
          "%s is for a program; leave it out, or add --program %s"
              .formatted(option, String.join(" or ", programs)));
    }
  }

  /** The configuration of the program, validated as far as possible before its start. */
  public ProgramConfig config(
      Program wanted, InetSocketAddress address, int grace, Predicate<String> isGiven)
      throws UserError, InterruptedException {
    for (String option : options().filter(isGiven).toList()) {
      if (!own(wanted).contains(option)) {
        throw new UserError("%s has no %s; leave it out".formatted(wanted, option));
      }
    }
    if (!Files.isDirectory(folder)) {
      throw new UserError("there is no folder %s; choose another --folder".formatted(folder));
    }
    return new ProgramConfig(
        address,
        DEFAULTS.backlog(),
        Duration.ofSeconds(grace),
        upstreams(wanted, address),
        wanted.equals(Programs.HTTP) && !isGiven.test(DEADLINE)
            ? ProgramConfig.HEAD_LIMIT
            : Duration.ofMillis(deadline),
        Duration.ofMillis(backOff),
        outbox,
        folder,
        workers,
        queue);
  }

  private List<InetSocketAddress> upstreams(Program wanted, InetSocketAddress address)
      throws UserError, InterruptedException {
    if (own(wanted).contains(UPSTREAM) && upstreams.isEmpty()) {
      throw new UserError(
          "%s needs an upstream; add --upstream HOST:PORT, such as 127.0.0.1:9000"
              .formatted(wanted));
    }
    if (wanted.equals(Programs.RELAY) && upstreams.size() > 1) {
      throw new UserError("relay has one upstream; leave the other --upstream out");
    }
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (String upstream : upstreams) {
      InetSocketAddress each = ArgumentResolver.server(upstream);
      boolean here =
          address.getAddress().isAnyLocalAddress()
              ? each.getAddress().isLoopbackAddress()
              : each.getAddress().equals(address.getAddress());
      if (here && each.getPort() == address.getPort()) {
        throw new UserError(
            "%s is the address of %s itself; choose another --port".formatted(upstream, wanted));
      }
      addresses.add(each);
    }
    return List.copyOf(addresses);
  }

  private static Stream<String> options() {
    return Programs.all().stream().flatMap(it -> own(it).stream()).distinct().sorted();
  }

  private static Set<String> own(Program program) {
    return OWN.getOrDefault(program, Set.of());
  }
}
