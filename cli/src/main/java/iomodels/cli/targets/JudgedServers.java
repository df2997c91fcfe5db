package iomodels.cli.targets;

import iomodels.cli.lookup.ServerNames;
import iomodels.conformance.targets.ModelTarget;
import iomodels.server.Transport;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.util.Optional;

/** Makes targets of servers that the command line names. */
public final class JudgedServers {

  private JudgedServers() {}

  /**
   * Returns a target that is not started yet. A server of a tutorial is judged by the rules on all
   * services, like a model; an example, by those on its only one.
   */
  public static ModelTarget target(ServerProvider server, Optional<Transport> transport) {
    ModelTarget target = new ModelTarget(server, transport);
    return ServerNames.isExample(server) ? target.serving(Services.UPPER) : target;
  }
}
