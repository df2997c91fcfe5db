package iomodels.cli.commands;

import static java.util.stream.Collectors.joining;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.options.ModelNames;
import iomodels.cli.options.ProgramOptions;
import iomodels.cli.options.Range;
import iomodels.cli.options.ServiceOption;
import iomodels.cli.options.TransportOption;
import iomodels.cli.output.ErrorReporter;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.OutOfMemoryAdvice;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.HostAndPort;
import iomodels.process.GcOverheadLimit;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Service;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code serve}: runs a server until Ctrl-C. */
@Command(
    name = "serve",
    description = {
      "Start a server: a model with a service, or a program in a style.",
      "Ctrl-C stops it: it accepts no new connections, delivers pending replies, and exits."
    },
    footer = {
      "",
      "  iomodels serve nio-selector",
      "  iomodels serve vertx --program chat",
      "  iomodels serve vertx --program relay --upstream 127.0.0.1:9000"
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class ServeCommand implements Callable<Integer> {

  private static final String UDP = "--udp";
  private static final String WRONG = "--wrong";
  private static final String TUTORIAL = "--tutorial";

  /** Options of models that programs do not have. */
  private static final List<String> NOT_FOR_PROGRAMS =
      List.of(ServiceOption.NAME, UDP, TransportOption.NAME, WRONG, TUTORIAL);

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private ServerSelection selection = new ServerSelection();

  @Mixin private ServiceOption service = new ServiceOption();

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "Port to listen on (default: ${DEFAULT-VALUE}); 0 for any free port.")
  @Range(least = 0, most = HostAndPort.MAX_PORT)
  private int port;

  @Option(names = UDP, description = "Serve UDP as well, on the same port.")
  private boolean udp;

  @Mixin private TransportOption transport = new TransportOption();

  @Option(
      names = "--grace",
      defaultValue = "3",
      paramLabel = "SECONDS",
      description = "Time limit for pending replies after Ctrl-C (default: ${DEFAULT-VALUE}).")
  @Range(least = 0, most = 86_400)
  private int grace;

  @ArgGroup(validate = false, heading = "Programs (a STYLE instead of a MODEL):%n")
  private ProgramOptions programs = new ProgramOptions();

  /** The server: exactly one of the four kinds. */
  static final class ServerSelection {

    @Parameters(
        index = "0",
        paramLabel = "MODEL",
        completionCandidates = ModelNames.class,
        description =
            "A model, or a server of iomodels list --wrong; see: iomodels list. With --program: a"
                + " style.")
    private Optional<String> model = Optional.empty();

    @Option(
        names = WRONG,
        paramLabel = "NAME",
        description = "A server that is wrong on purpose; see: iomodels list --wrong")
    private Optional<String> wrong = Optional.empty();

    @Option(
        names = TUTORIAL,
        paramLabel = "NAME",
        description = "A server as textbooks first show it; see: iomodels list --wrong")
    private Optional<String> tutorial = Optional.empty();

    @Option(
        names = "--example",
        paramLabel = "NAME",
        description =
            "A server from a framework's documentation: vertx, reactor-netty or netty; serves"
                + " upper. With --program http: vertx, reactor-netty or jdk.")
    private Optional<String> example = Optional.empty();

    ServerProvider provider() throws UserError {
      if (example.isPresent()) {
        return ArgumentResolver.example(example.get()).provider();
      }
      if (wrong.isPresent()) {
        return ArgumentResolver.wrong(wrong.get()).provider();
      }
      if (tutorial.isPresent()) {
        return ServerNames.tutorial(tutorial.get());
      }
      if (model.isEmpty()) {
        throw new UserError("name a MODEL, or give --wrong, --tutorial or --example NAME");
      }
      return ServerNames.server(model.get());
    }

    StyleProvider style(Program program) throws UserError {
      if (example.isPresent()) {
        return ArgumentResolver.example(example.get(), program);
      }
      if (model.isEmpty()) {
        throw new UserError(
            "name a STYLE: " + ArgumentResolver.names(ArgumentResolver.styles(program)));
      }
      return ArgumentResolver.style(model.get(), program);
    }

    /**
     * Returns the service. A tutorial's server has a fixed one, and an example serves {@code
     * upper}; all others serve the service given by {@code --service}.
     */
    static Service service(ServerProvider provider, ServiceOption option) throws UserError {
      Service service = option.service();
      Optional<Service> only = ServerNames.onlyService(provider);
      if (option.isGiven() && only.isPresent() && !only.get().equals(service)) {
        throw new UserError(
            "%s serves %s and nothing else; leave --service out"
                .formatted(provider.card().name(), only.get().name()));
      }
      return only.orElse(service);
    }
  }

  @Override
  public Integer call() throws UserError, InterruptedException {
    Optional<Program> program = programs.program();
    return program.isPresent() ? serveProgram(program.get()) : serveModel();
  }

  private int serveModel() throws UserError {
    ProgramOptions.demandNone(this::isGiven);
    ServerProvider provider = selection.provider();
    Service served = ServerSelection.service(provider, service);
    ServerConfig config =
        ServerConfig.at(ArgumentResolver.address(host, port))
            .withDatagrams(udp)
            .withTransport(transport.of(provider))
            .withGracePeriod(Duration.ofSeconds(grace));
    String name = provider.card().name();
    if (udp && !provider.capabilities(config).contains(Capability.DATAGRAMS)) {
      throw new UserError("%s does not answer UDP; leave --udp out".formatted(name));
    }
    if (udp && served.datagrams().isEmpty()) {
      throw new UserError(
          "%s is not for UDP; try --service upper, or leave --udp out".formatted(served.name()));
    }
    Server server = start(name, config.address(), () -> provider.start(config, served));
    boolean anyAddress = config.address().getAddress().isAnyLocalAddress();
    if (udp && anyAddress && !provider.capabilities(config).contains(Capability.REPLY_SOURCE)) {
      ErrorReporter.report(
          spec.commandLine().getErr(),
          "a UDP reply may come from another address than the one that the client used; to prevent"
              + " that, listen on a single address: --host ADDRESS");
    }
    return serve(server, name, served.name(), udp ? "TCP and UDP" : "TCP");
  }

  private int serveProgram(Program program) throws UserError, InterruptedException {
    for (String option : NOT_FOR_PROGRAMS) {
      if (isGiven(option)) {
        throw new UserError(
            "%s is for a model's service, and --program for a program; leave one of them out"
                .formatted(option));
      }
    }
    StyleProvider style = selection.style(program);
    StyleProvider.Page page = style.page(program).orElseThrow();
    ProgramConfig config =
        programs.config(program, ArgumentResolver.address(host, port), grace, this::isGiven);
    Server server = start(style.style(), config.address(), () -> page.starter().start(config));
    String upstreams = config.upstreams().stream().map(HostAndPort::write).collect(joining(", "));
    String carrier = upstreams.isEmpty() ? "TCP" : "TCP, upstream " + upstreams;
    return serve(server, style.style(), program.name(), carrier);
  }

  private boolean isGiven(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  private int serve(Server server, String name, String served, String carrier) throws UserError {
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
      return ExitCode.OK;
    } catch (CompletionException e) {
      throw new UserError(
          "the server failed: "
              + (e.getCause() instanceof OutOfMemoryError error
                  ? OutOfMemoryAdvice.of(error)
                  : e.getCause()));
    }
  }

  /** Starts a model or a program. */
  @FunctionalInterface
  private interface ServerStarter {
    Server start() throws IOException;
  }

  private static Server start(String name, InetSocketAddress at, ServerStarter starter)
      throws UserError {
    try {
      return starter.start();
    } catch (IOException | UnsupportedAddressTypeException e) {
      throw new UserError(
          whyNotListening(at, e).orElse("%s cannot start: %s".formatted(name, e.getMessage())));
    } catch (OutOfMemoryError e) {
      throw new UserError("%s cannot start: %s".formatted(name, OutOfMemoryAdvice.of(e)));
    }
  }

  /**
   * The remedy, if the address is the problem. Models throw different exceptions, but all of them
   * contain the text of the system's error.
   */
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
          "%s is not available on this machine, and %s needs it; choose another --host"
              .formatted(at.getAddress() instanceof Inet6Address ? "IPv6" : "IPv4", host));
    }
    return e instanceof BindException
        ? Optional.of("cannot listen at %s: %s".formatted(where, reason))
        : Optional.empty();
  }

  private static void stop(Server server, PrintWriter out) {
    if (!server.terminated().isDone()) {
      out.println("stopping: no new connections; pending replies are delivered first");
      out.flush();
      server.close();
    }
  }
}
