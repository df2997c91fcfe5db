package iomodels.wrong;

import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.wrong.program.WrongPrograms;
import iomodels.wrong.tutorial.Tutorial;
import iomodels.wrong.tutorial.Tutorials;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds wrong servers, their correct twins and the tutorial servers by name. */
public final class Hidden implements HiddenServers {

  /** For {@link java.util.ServiceLoader}. */
  public Hidden() {}

  @Override
  public Optional<ServerProvider> named(String name) {
    return Stream.of(
            Stream.of(WrongServers.correctTwin(), WrongServers.sequentialTwin()),
            WrongServers.all().stream().map(WrongServer::provider),
            Tutorials.all().stream().map(Tutorial::provider))
        .flatMap(servers -> servers)
        .filter(server -> server.card().name().equals(name))
        .findFirst();
  }

  @Override
  public Optional<StyleProvider> style(String name) {
    return WrongPrograms.style(name);
  }
}
