package iomodels.cli;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.targets.Connector;
import iomodels.conformance.targets.HostAndPort;
import iomodels.examples.Example;
import iomodels.examples.Examples;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Turns words of the command line into what they name, or says which words there are. */
final class Choices {

  private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(5);

  private Choices() {}

  static List<ServerProvider> models() throws Failure {
    List<ServerProvider> installed = ServerProvider.installed();
    if (installed.isEmpty()) {
      throw new Failure("no model is on the module path; start this program with ./iomodels");
    }
    return installed;
  }

  static ServerProvider model(String name) throws Failure {
    List<ServerProvider> models = models();
    for (ServerProvider model : models) {
      if (model.card().name().equals(name)) {
        return model;
      }
    }
    String there = models.stream().map(it -> it.card().name()).collect(joining(", "));
    throw new Failure("no model '%s'; there are: %s".formatted(name, there));
  }

  static ServerProvider availableModel(String name) throws Failure {
    ServerProvider model = model(name);
    Availability availability = model.availability();
    if (!availability.here()) {
      throw new Failure("%s does not work here: %s".formatted(name, availability.reason()));
    }
    return model;
  }

  static Program program(String name) throws Failure {
    Optional<Program> program = Programs.named(name);
    if (program.isEmpty()) {
      String there = Programs.all().stream().map(Program::name).collect(joining(", "));
      throw new Failure("no program '%s'; there are: %s".formatted(name, there));
    }
    return program.get();
  }

  /** A style that has a page of that program. */
  static StyleProvider style(String name, Program program) throws Failure {
    Optional<StyleProvider> style = StyleProvider.named(name);
    if (style.isEmpty()) {
      String there = names(StyleProvider.installed());
      throw new Failure("no style '%s'; there are: %s".formatted(name, there));
    }
    if (style.get().page(program).isEmpty()) {
      throw new Failure("%s has no %s; see: iomodels list --programs".formatted(name, program));
    }
    return style.get();
  }

  /** Those that have a page of that program. */
  static List<StyleProvider> styles(Program program) {
    return StyleProvider.installed().stream().filter(it -> it.page(program).isPresent()).toList();
  }

  static String names(List<StyleProvider> styles) {
    return styles.stream().map(StyleProvider::style).collect(joining(", "));
  }

  /** What that framework's documentation shows. */
  static Example example(String framework) throws Failure {
    Optional<Example> example = Examples.named(framework);
    if (example.isEmpty()) {
      String there = Examples.all().stream().map(Example::name).collect(joining(", "));
      throw new Failure("no example '%s'; there are: %s".formatted(framework, there));
    }
    return example.get();
  }

  /** The server of that name that is wrong on purpose. */
  static WrongServer wrong(String name) throws Failure {
    Optional<WrongServer> server = WrongServers.named(name);
    if (server.isEmpty()) {
      throw new Failure("no wrong server '%s'; see: iomodels list --wrong".formatted(name));
    }
    return server.get();
  }

  /** What it may be called in a report: alone, or with the transport that it really runs on. */
  static Stream<String> names(ServerProvider model) {
    String name = model.card().name();
    return Stream.concat(
        Stream.of(name), model.transports().keySet().stream().map(it -> name + " on " + it));
  }

  static Service service(String name) throws Failure {
    Optional<Service> service = Services.named(name);
    if (service.isEmpty()) {
      String there = Services.all().stream().map(Service::name).collect(joining(", "));
      throw new Failure("no service '%s'; there are: %s".formatted(name, there));
    }
    return service.get();
  }

  /** The transport of that name, if it works with that model. */
  static Optional<Transport> transport(ServerProvider model, Optional<Transport> wanted)
      throws Failure {
    if (wanted.isEmpty()) {
      return wanted;
    }
    String name = model.card().name();
    Availability availability = model.transports().get(wanted.get());
    if (availability == null) {
      throw new Failure(
          model.transports().isEmpty()
              ? "%s has no choice of transports; leave --transport out".formatted(name)
              : "%s has no transport %s; there are: %s"
                  .formatted(name, wanted.get(), model.transports().keySet()));
    }
    if (!availability.here()) {
      throw new Failure(
          "transport %s does not work here: %s".formatted(wanted.get(), availability.reason()));
    }
    return wanted;
  }

  /** An address to listen at. */
  static InetSocketAddress address(String host, int port) throws Failure {
    try {
      return new InetSocketAddress(InetAddress.getByName(HostAndPort.host(host)), port);
    } catch (UnknownHostException _) {
      throw new Failure("there is no host %s; choose another --host".formatted(host));
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }

  /** The address of a server: of several that its host has, the first that answers. */
  static InetSocketAddress server(String hostAndPort) throws Failure, InterruptedException {
    try {
      return Connector.firstThatAnswers(
          Destination.resolve(HostAndPort.parse(hostAndPort)), CONNECT_PATIENCE);
    } catch (IllegalArgumentException e) {
      throw new Failure(String.valueOf(e.getMessage()));
    }
  }
}
