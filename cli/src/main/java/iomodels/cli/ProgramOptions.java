package iomodels.cli;

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

/** Which program is to be served, and what only programs are told. */
final class ProgramOptions {

  private static final ProgramConfig USUAL = ProgramConfig.onLoopback(List.of());

  private static final Map<Program, Set<String>> OWN =
      Map.of(
          Programs.RELAY, Set.of("--upstream", "--deadline"),
          Programs.GATHER, Set.of("--upstream", "--deadline", "--back-off"),
          Programs.CHAT, Set.of("--outbox"),
          Programs.OFFLOAD, Set.of("--folder", "--workers", "--queue"));

  @Option(
      names = "--program",
      paramLabel = "NAME",
      description = "relay, gather, chat or offload; see: iomodels list --programs")
  private Optional<String> program = Optional.empty();

  @Option(
      names = "--upstream",
      paramLabel = "HOST:PORT",
      description =
          "relay: where to. gather: whom to ask; repeatable, in this order. A name is looked up"
              + " once, when the server starts: if it has several addresses, all are tried, and the"
              + " first that answers is used from then on.")
  private List<String> upstreams = List.of();

  @Option(
      names = "--deadline",
      paramLabel = "MS",
      description =
          "gather: how long a request may take. relay: how long to wait for the upstream to accept"
              + " (default: ${DEFAULT-VALUE}).")
  @Range(most = 3_600_000)
  private int deadline = Math.toIntExact(USUAL.deadline().toMillis());

  @Option(
      names = "--back-off",
      paramLabel = "MS",
      description = "gather: how long to wait before a retry (default: ${DEFAULT-VALUE}).")
  @Range(most = 3_600_000)
  private int backOff = Math.toIntExact(USUAL.backOff().toMillis());

  @Option(
      names = "--outbox",
      paramLabel = "BYTES",
      description =
          "chat: as many wait for a member who does not read before it is dropped (default:"
              + " ${DEFAULT-VALUE}).")
  @Range(most = 1 << 30)
  private int outbox = USUAL.outbox();

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      description = "offload: where the files lie that may be read (default: this folder).")
  private Path folder = USUAL.folder();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "offload: how many work at a time (default: ${DEFAULT-VALUE}).")
  @Range(most = 1_000)
  private int workers = USUAL.workers();

  @Option(
      names = "--queue",
      paramLabel = "N",
      description = "offload: how many requests may wait for them (default: ${DEFAULT-VALUE}).")
  @Range(most = 1_000_000)
  private int queue = USUAL.queue();

  /** The program that is wanted, if it is one and not a model. */
  Optional<Program> program() throws Failure {
    return program.isEmpty() ? Optional.empty() : Optional.of(Choices.program(program.get()));
  }

  /**
   * Demands that there is nothing among them for a model.
   *
   * @param isGiven whether there is an option of that name on the command line
   */
  static void demandNone(Predicate<String> isGiven) throws Failure {
    for (String option : options().filter(isGiven).toList()) {
      List<String> programs =
          Programs.all().stream()
              .filter(it -> own(it).contains(option))
              .map(Program::name)
              .toList();
      throw new Failure(
          "%s is for a program; leave it out, or say --program %s"
              .formatted(option, String.join(" or ", programs)));
    }
  }

  /** All that is needed to start it, looked at as far as that is possible before. */
  ProgramConfig config(
      Program wanted, InetSocketAddress address, int grace, Predicate<String> isGiven)
      throws Failure, InterruptedException {
    for (String option : options().filter(isGiven).toList()) {
      if (!own(wanted).contains(option)) {
        throw new Failure("%s has no %s; leave it out".formatted(wanted, option));
      }
    }
    if (!Files.isDirectory(folder)) {
      throw new Failure("there is no folder %s; choose another --folder".formatted(folder));
    }
    return new ProgramConfig(
        address,
        USUAL.backlog(),
        Duration.ofSeconds(grace),
        upstreams(wanted, address),
        Duration.ofMillis(deadline),
        Duration.ofMillis(backOff),
        outbox,
        folder,
        workers,
        queue);
  }

  private List<InetSocketAddress> upstreams(Program wanted, InetSocketAddress address)
      throws Failure, InterruptedException {
    if (own(wanted).contains("--upstream") && upstreams.isEmpty()) {
      throw new Failure(
          "%s needs an upstream; say --upstream HOST:PORT, such as 127.0.0.1:9000"
              .formatted(wanted));
    }
    if (wanted.equals(Programs.RELAY) && upstreams.size() > 1) {
      throw new Failure("relay has one upstream; leave the other --upstream out");
    }
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (String upstream : upstreams) {
      InetSocketAddress each = Choices.server(upstream);
      boolean here =
          address.getAddress().isAnyLocalAddress()
              ? each.getAddress().isLoopbackAddress()
              : each.getAddress().equals(address.getAddress());
      if (here && each.getPort() == address.getPort()) {
        throw new Failure(
            "%s is where %s itself is to listen; choose another --port"
                .formatted(upstream, wanted));
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
