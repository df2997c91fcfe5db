package iomodels.cli;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.targets.HostAndPort;
import iomodels.process.GcOverheadLimit;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.tutorial.Tutorial;
import iomodels.wrong.tutorial.Tutorials;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.channels.UnsupportedAddressTypeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Serves until it is told to stop. */
@Command(
    name = "serve",
    description = {
      "Serves, until Ctrl-C: then it delivers what it owes, and ends.",
      "A service by a model, or one of the four programs in a style."
    },
    footer = {
      "",
      "  iomodels serve nio-selector",
      "  iomodels serve vertx --program chat",
      "  iomodels serve vertx --program relay --upstream 127.0.0.1:9000"
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ServeCommand implements Callable<Integer> {

  /** What models have, and programs do not. */
  private static final List<String> OF_MODELS =
      List.of("--service", "--udp", "--transport", "--wrong", "--tutorial", "--example");

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private What what = new What();

  @Option(
      names = "--service",
      paramLabel = "NAME",
      description = "upper, fixed, lines, flood or discard (default: upper).")
  private Optional<String> service = Optional.empty();

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      description = "Where to listen (default: ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "Where to listen (default: ${DEFAULT-VALUE}); 0 for any free one.")
  @Range(least = 0, most = HostAndPort.MAX_PORT)
  private int port;

  @Option(names = "--udp", description = "Answer UDP as well, on the same port.")
  private boolean udp;

  @Option(
      names = "--transport",
      paramLabel = "NAME",
      description = "What carries the bytes below a framework: ${COMPLETION-CANDIDATES}.")
  private Optional<Transport> transport = Optional.empty();

  @Option(
      names = "--grace",
      defaultValue = "3",
      paramLabel = "SECONDS",
      description = "How long to wait for owed replies when stopped (default: ${DEFAULT-VALUE}).")
  @Range(least = 0, most = 86_400)
  private int grace;

  @ArgGroup(validate = false, heading = "Programs, of a STYLE instead of a MODEL:%n")
  private ProgramOptions programs = new ProgramOptions();

  /** One of the four kinds of server there are. */
  static final class What {

    @Parameters(
        index = "0",
        paramLabel = "MODEL",
        description = "A model; see: iomodels list. With --program: a style.")
    private Optional<String> model = Optional.empty();

    @Option(
        names = "--wrong",
        paramLabel = "NAME",
        description = "A server that is wrong on purpose; see: iomodels list --wrong")
    private Optional<String> wrong = Optional.empty();

    @Option(
        names = "--tutorial",
        paramLabel = "NAME",
        description = "A textbook's first version; see: iomodels list --wrong")
    private Optional<String> tutorial = Optional.empty();

    @Option(
        names = "--example",
        paramLabel = "NAME",
        description =
            "What a framework's documentation shows: vertx, reactor-netty or netty; serves upper.")
    private Optional<String> example = Optional.empty();

    ServerProvider provider() throws Failure {
      if (example.isPresent()) {
        return Choices.example(example.get()).provider();
      }
      if (wrong.isPresent()) {
        return Choices.wrong(wrong.get()).provider();
      }
      Optional<Tutorial> page = page();
      if (page.isPresent()) {
        return page.get().provider();
      }
      if (model.isEmpty()) {
        throw new Failure("name a MODEL, or give --wrong, --tutorial or --example NAME");
      }
      return Choices.availableModel(model.get());
    }

    /**
     * A tutorial's server serves what its page says, an example {@code upper}; all others what they
     * are asked for.
     */
    Service service(String wanted, boolean explicitly) throws Failure {
      Service service = Choices.service(wanted);
      Optional<Service> only = example.map(_ -> Services.UPPER).or(() -> tutorialService());
      if (explicitly && only.isPresent() && !only.get().equals(service)) {
        throw new Failure(
            "%s serves %s and nothing else; leave --service out"
                .formatted(provider().card().name(), only.get().name()));
      }
      return only.orElse(service);
    }

    private Optional<Service> tutorialService() {
      return tutorial.flatMap(Tutorials::named).map(Tutorial::service);
    }

    private Optional<Tutorial> page() throws Failure {
      if (tutorial.isEmpty()) {
        return Optional.empty();
      }
      Optional<Tutorial> page = Tutorials.named(tutorial.get());
      if (page.isEmpty()) {
        throw new Failure("no tutorial '%s'; see: iomodels list --wrong".formatted(tutorial.get()));
      }
      return page;
    }
  }

  @Override
  public Integer call() throws Failure, InterruptedException {
    Optional<Program> program = programs.program();
    return program.isPresent() ? serveProgram(program.get()) : serveModel();
  }

  private int serveModel() throws Failure {
    ProgramOptions.demandNone(this::isGiven);
    ServerProvider provider = what.provider();
    Service served = what.service(service.orElse("upper"), service.isPresent());
    ServerConfig config =
        ServerConfig.at(Choices.address(host, port))
            .withDatagrams(udp)
            .withTransport(Choices.transport(provider, transport))
            .withGracePeriod(Duration.ofSeconds(grace));
    String name = provider.card().name();
    if (udp && !provider.capabilities(config).contains(Capability.DATAGRAMS)) {
      throw new Failure("%s does not answer UDP; leave --udp out".formatted(name));
    }
    if (udp && served.datagrams().isEmpty()) {
      throw new Failure(
          "%s is not for UDP; try --service upper, or leave --udp out".formatted(served.name()));
    }
    Server server = start(name, config.address(), () -> provider.start(config, served));
    boolean anyAddress = config.address().getAddress().isAnyLocalAddress();
    if (udp && anyAddress && !provider.capabilities(config).contains(Capability.REPLY_SOURCE)) {
      Main.complain(
          spec.commandLine().getErr(),
          "a reply over UDP may come from another address than the one that was asked; to prevent"
              + " that, listen at one address: --host ADDRESS");
    }
    return serve(server, name, served.name(), udp ? "TCP and UDP" : "TCP");
  }

  private int serveProgram(Program program) throws Failure, InterruptedException {
    for (String option : OF_MODELS) {
      if (isGiven(option)) {
        throw new Failure(
            "%s is for a model's service, and --program for a program; leave one of them out"
                .formatted(option));
      }
    }
    if (what.model.isEmpty()) {
      throw new Failure("name a STYLE: " + Choices.names(Choices.styles(program)));
    }
    StyleProvider style = Choices.style(what.model.get(), program);
    StyleProvider.Page page = style.page(program).orElseThrow();
    ProgramConfig config =
        programs.config(program, Choices.address(host, port), grace, this::isGiven);
    Server server = start(style.style(), config.address(), () -> page.starter().start(config));
    String upstreams = config.upstreams().stream().map(HostAndPort::write).collect(joining(", "));
    String carrier = upstreams.isEmpty() ? "TCP" : "TCP, upstream " + upstreams;
    return serve(server, style.style(), program.name(), carrier);
  }

  private boolean isGiven(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  private int serve(Server server, String name, String served, String carrier) throws Failure {
    PrintWriter out = spec.commandLine().getOut();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, out)));
    out.printf(
        "%s%s serves %s at %s (%s); Ctrl-C stops it%n",
        name,
        server.transport().map(each -> " on " + each).orElse(""),
        served,
        HostAndPort.numeric(server.address()),
        carrier);
    out.flush();
    GcOverheadLimit.watch();
    try {
      server.terminated().join();
      return Main.OK;
    } catch (CompletionException e) {
      throw new Failure(
          "the server died: "
              + (e.getCause() instanceof OutOfMemoryError error
                  ? Shortage.words(error)
                  : e.getCause()));
    }
  }

  /** Starts a server, of whichever kind. */
  @FunctionalInterface
  private interface Starter {
    Server start() throws IOException;
  }

  private static Server start(String name, InetSocketAddress at, Starter starter) throws Failure {
    try {
      return starter.start();
    } catch (IOException | UnsupportedAddressTypeException e) {
      throw new Failure(
          whyNotListening(at, e).orElse("%s cannot start: %s".formatted(name, e.getMessage())));
    } catch (OutOfMemoryError e) {
      throw new Failure("%s cannot start: %s".formatted(name, Shortage.words(e)));
    }
  }

  /** What is to be done about it; models say it in different exceptions, the system in one way. */
  private static Optional<String> whyNotListening(InetSocketAddress at, Exception e) {
    String reason = String.valueOf(e.getMessage());
    String where = HostAndPort.write(at);
    String host = HostAndPort.write(at.getAddress());
    if (reason.contains("in use")) {
      return Optional.of(
          "%s is in use; stop what listens there, or choose another --port".formatted(where));
    }
    if (reason.contains("denied") && at.getPort() > 0) {
      return Optional.of(
          "no permission to listen at %s; choose a --port above 1023".formatted(where));
    }
    if (reason.contains("assign")) {
      return Optional.of(
          "%s is not an address of this machine; choose another --host".formatted(host));
    }
    if (e instanceof UnsupportedAddressTypeException || reason.contains("family")) {
      return Optional.of(
          "there is no %s on this machine, as %s would need; choose another --host"
              .formatted(at.getAddress() instanceof Inet6Address ? "IPv6" : "IPv4", host));
    }
    return e instanceof BindException
        ? Optional.of("cannot listen at %s: %s".formatted(where, reason))
        : Optional.empty();
  }

  private static void stop(Server server, PrintWriter out) {
    if (!server.terminated().isDone()) {
      out.println("stopping: no new clients, and what is owed is delivered first");
      out.flush();
      server.close();
    }
  }
}
