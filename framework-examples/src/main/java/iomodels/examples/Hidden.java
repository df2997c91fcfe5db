package iomodels.examples;

import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.ServerProvider;
import java.util.Optional;

/** Finds an example by the exact name of its server, such as {@code example-vertx}. */
public final class Hidden implements HiddenServers {

  /** Called by {@link java.util.ServiceLoader}. */
  public Hidden() {}

  @Override
  public Optional<ServerProvider> named(String name) {
    return Examples.all().stream()
        .map(Example::provider)
        .filter(server -> server.card().name().equals(name))
        .findFirst();
  }
}
