package iomodels.examples;

import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.ServerProvider;
import java.util.Optional;

/** Finds the examples for whoever knows their servers' names, such as {@code example-vertx}. */
public final class Hidden implements HiddenServers {

  /** For {@link java.util.ServiceLoader}. */
  public Hidden() {}

  @Override
  public Optional<ServerProvider> named(String name) {
    return Examples.all().stream()
        .map(Example::provider)
        .filter(server -> server.card().name().equals(name))
        .findFirst();
  }
}
