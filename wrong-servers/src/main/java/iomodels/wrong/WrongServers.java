package iomodels.wrong;

import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The wrong servers: for every rule of the conformance kit at least one server that breaks it, and
 * the correct twins that they are derived from. They prove that the kit detects each fault.
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

  /** Returns all wrong servers, in the order of the rules. */
  public static List<WrongServer> all() {
    return ALL;
  }

  /** Returns the wrong server of this name, if it exists. */
  public static Optional<WrongServer> named(String name) {
    return ALL.stream().filter(server -> server.name().equals(name)).findFirst();
  }

  /** Returns the server that the wrong ones differ from in one step. It keeps every rule. */
  public static ServerProvider correctTwin() {
    return WrongServer.provider(
        "correct-twin",
        "Serves each connection in a virtual thread.",
        WrongServer.JDK,
        CorrectServer::new);
  }

  /** Returns the correct twin that serves one client at a time. */
  public static ServerProvider sequentialTwin() {
    return WrongServer.provider(
        "sequential-twin",
        "Serves one client after another.",
        Set.of(Capability.HALF_CLOSE, Capability.DATAGRAMS),
        SequentialServer::new);
  }
}
