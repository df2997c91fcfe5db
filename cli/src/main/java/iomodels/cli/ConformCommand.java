package iomodels.cli;

import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.targets.AddressTarget;
import iomodels.conformance.targets.CommandTarget;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.Target;
import iomodels.server.Transport;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Judges a server by the rules. */
@Command(
    name = "conform",
    description = "Judges a server by the conformance rules.",
    footer = {"", "Exit code: 0 it conforms, 1 it does not, 2 the kit could not tell."},
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ConformCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "0..1")
  private What what = new What();

  @Option(
      names = "--service",
      defaultValue = "upper",
      paramLabel = "NAME",
      description = "What an outside server serves (default: ${DEFAULT-VALUE}).")
  private String service = "upper";

  @Option(
      names = "--capability",
      paramLabel = "NAME",
      description =
          "Hold an outside server to this: ${COMPLETION-CANDIDATES}; repeatable. What nobody claims"
              + " is probed.")
  private Set<Capability> capabilities = EnumSet.noneOf(Capability.class);

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      description = "For a model: ${COMPLETION-CANDIDATES}.")
  private Optional<Transport> transport = Optional.empty();

  @Option(
      names = "--rule",
      paramLabel = "ID",
      description = "Only this rule (4.01) or section (4); repeatable.")
  private List<String> ids = List.of();

  @Option(names = "--bound", paramLabel = "NAME=VALUE", description = "Change a bound; repeatable.")
  private List<String> boundsWanted = List.of();

  @Option(names = "--seed", description = "Repeat the bytes of an earlier run.")
  private OptionalLong seed = OptionalLong.empty();

  @Option(names = "--strict", description = "Rules that SHOULD be kept bind as well.")
  private boolean strict;

  @Option(names = "--list", description = "List the rules, and judge nothing.")
  private boolean list;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the findings to a file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  /** One of the four kinds of target there are. */
  static final class What {

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model; see: iomodels list")
    private Optional<String> model = Optional.empty();

    @Option(
        names = "--example",
        paramLabel = "NAME",
        description =
            "What a framework's documentation shows: vertx, reactor-netty or netty; serves upper.")
    private Optional<String> example = Optional.empty();

    @Option(
        names = "--target",
        paramLabel = "HOST:PORT",
        description = "A server that is running already.")
    private Optional<String> address = Optional.empty();

    @Option(
        names = "--exec",
        paramLabel = "'COMMAND {port}'",
        description = "A server in any language, which the kit starts and stops.")
    private Optional<String> command = Optional.empty();
  }

  @Override
  public Integer call() throws Failure, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (list) {
      Table.print(
          out,
          List.of("RULE", "LEVEL", "SENTENCE"),
          Rule.all().stream()
              .map(rule -> List.of(rule.id(), rule.level().name(), rule.sentence()))
              .toList());
      return Main.OK;
    }
    Kit kit = new Kit(rules(), bounds(), seed.orElse(System.nanoTime()));
    boolean silent = json.isPresent() && json.get().toString().equals("-");
    try (Target target = target()) {
      Report report =
          kit.judge(
              target,
              finding -> {
                if (!silent) {
                  Findings.print(out, finding);
                }
              });
      if (!silent) {
        Findings.summarize(out, report, kit.seed(), strict);
      }
      if (json.isPresent()) {
        Json.write(Findings.plain(report, kit.seed(), strict), json.get(), out);
      }
      return switch (report.outcome(strict)) {
        case KEPT -> Main.OK;
        case BROKEN -> Main.NO;
        case SKIPPED, UNKNOWN -> Main.UNUSABLE;
      };
    } catch (IOException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }

  private List<Rule> rules() throws Failure {
    try {
      return ids.isEmpty() ? Rule.all() : Rule.matching(ids);
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }

  private Bounds bounds() throws Failure {
    Bounds bounds = Bounds.STANDARD;
    try {
      for (String assignment : boundsWanted) {
        bounds = bounds.with(assignment);
      }
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
    return bounds;
  }

  private Target target() throws Failure, IOException {
    Optional<Set<Capability>> claims =
        capabilities.isEmpty() ? Optional.empty() : Optional.of(capabilities);
    Service served = Choices.service(service);
    if (what.command.isPresent()) {
      if (!what.command.get().contains("{port}")) {
        throw new Failure("--exec needs {port} where the command takes its port");
      }
      return new CommandTarget(what.command.get(), served, claims);
    }
    if (what.address.isPresent()) {
      AddressTarget target = new AddressTarget(parse(what.address.get()), served, claims);
      target.probe();
      return target;
    }
    if (what.example.isPresent()) {
      ServerProvider example = Choices.example(what.example.get()).provider();
      return new ModelTarget(example, Choices.transport(example, transport))
          .serving(Services.UPPER);
    }
    if (what.model.isEmpty()) {
      throw new Failure(
          "name a MODEL, or give --example NAME, --target HOST:PORT or --exec 'COMMAND {port}'");
    }
    ServerProvider model = Choices.availableModel(what.model.get());
    return new ModelTarget(model, Choices.transport(model, transport));
  }

  private static InetSocketAddress parse(String hostAndPort) throws Failure {
    int colon = hostAndPort.lastIndexOf(':');
    try {
      String host = hostAndPort.substring(0, Math.max(0, colon));
      int port = Integer.parseInt(hostAndPort.substring(colon + 1));
      if (!host.isEmpty() && port > 0) {
        return Choices.address(host, port);
      }
    } catch (NumberFormatException _) {
      // said below
    }
    throw new Failure("'%s' is not HOST:PORT, such as 127.0.0.1:8080".formatted(hostAndPort));
  }
}
