package iomodels.wrong;

import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Wrong servers: for every rule of the conformance kit at least one server that breaks it, and the
 * correct servers that they differ from. A kit that does not catch them proves nothing.
 */
public final class WrongServers {

  private static final List<WrongServer> ALL =
      Stream.of(
              WrongBytes.ALL,
              WrongStreams.ALL,
              WrongServices.ALL,
              WrongClosing.ALL,
              WrongBackPressure.ALL,
              WrongManyClients.ALL,
              WrongDatagrams.ALL,
              WrongResources.ALL,
              WrongLife.ALL)
          .flatMap(List::stream)
          .toList();

  private WrongServers() {}

  /** All of them, in the order of the rules. */
  public static List<WrongServer> all() {
    return ALL;
  }

  /** The one of that name, if there is one. */
  public static Optional<WrongServer> named(String name) {
    return ALL.stream().filter(server -> server.name().equals(name)).findFirst();
  }

  /** The server that they differ from in one step: it keeps every rule. */
  public static ServerProvider correctTwin() {
    return WrongServer.provider(
        "correct-twin",
        "Serves each connection in a virtual thread.",
        WrongServer.JDK,
        CorrectServer::new);
  }

  /** The same, with one client after another. */
  public static ServerProvider sequentialTwin() {
    return WrongServer.provider(
        "sequential-twin",
        "Serves one client after another.",
        Set.of(Capability.HALF_CLOSE, Capability.DATAGRAMS),
        SequentialServer::new);
  }
}
