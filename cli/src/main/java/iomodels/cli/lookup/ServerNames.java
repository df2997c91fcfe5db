package iomodels.cli.lookup;

import iomodels.cli.output.UserError;
import iomodels.examples.Example;
import iomodels.examples.Examples;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import iomodels.wrong.tutorial.Tutorial;
import iomodels.wrong.tutorial.Tutorials;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds every server that a name alone can mean: a model, a server of a tutorial, a wrong server,
 * or {@code example-NAME} for one from a framework's documentation. A model comes first.
 */
public final class ServerNames {

  private ServerNames() {}

  /** The names of models, then those of tutorials, then those of wrong servers. */
  public static Stream<String> all() {
    return Stream.concat(
        ServerProvider.installed().stream().map(it -> it.card().name()), ofServersForStudy());
  }

  /**
   * The server of that name.
   *
   * @throws UserError if there is none, or it does not work on this machine
   */
  public static ServerProvider server(String name) throws UserError {
    if (ServerProvider.named(name).isPresent()) {
      return ArgumentResolver.availableModel(name);
    }
    if (name.startsWith(Examples.PREFIX)) {
      return ArgumentResolver.example(name.substring(Examples.PREFIX.length())).provider();
    }
    Optional<ServerProvider> forStudy = forStudy(name);
    if (forStudy.isPresent()) {
      return forStudy.get();
    }
    List<String> models = ArgumentResolver.models().stream().map(it -> it.card().name()).toList();
    String advice =
        "there are: %s; tutorials and wrong servers: iomodels list --wrong"
            .formatted(String.join(", ", models));
    throw ArgumentResolver.unknown("model", name, all().toList(), advice);
  }

  /**
   * The server of a tutorial.
   *
   * @throws UserError if there is none of that name
   */
  public static ServerProvider tutorial(String name) throws UserError {
    Optional<Tutorial> tutorial = Tutorials.named(name);
    if (tutorial.isEmpty()) {
      List<String> known = Tutorials.all().stream().map(Tutorial::name).toList();
      throw ArgumentResolver.unknown("tutorial", name, known, "see: iomodels list --wrong");
    }
    return tutorial.get().provider();
  }

  /** Whether the name is that of a tutorial's or a wrong server. */
  public static boolean isForStudy(String name) {
    return forStudy(name).isPresent();
  }

  /** The service of a server that has no other; empty for a server that provides all. */
  public static Optional<Service> onlyService(ServerProvider server) {
    String name = server.card().name();
    return isExample(server)
        ? Optional.of(Services.UPPER)
        : Tutorials.named(name).map(Tutorial::service);
  }

  /** Whether it is the server of an example from a framework's documentation. */
  public static boolean isExample(ServerProvider server) {
    return Examples.all().stream().map(Example::provider).anyMatch(server::equals);
  }

  private static Optional<ServerProvider> forStudy(String name) {
    return Tutorials.named(name)
        .map(Tutorial::provider)
        .or(() -> WrongServers.named(name).map(WrongServer::provider));
  }

  private static Stream<String> ofServersForStudy() {
    return Stream.concat(
        Tutorials.all().stream().map(Tutorial::name),
        WrongServers.all().stream().map(WrongServer::name));
  }
}
