package iomodels.examples;

import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.UnlistedServers;
import java.util.Optional;

/** Finds the examples for whoever knows their servers' names, such as {@code example-vertx}. */
public final class Unlisted implements UnlistedServers {

  /** For {@link java.util.ServiceLoader}. */
  public Unlisted() {}

  @Override
  public Optional<ServerProvider> named(String name) {
    return Examples.all().stream()
        .map(Example::provider)
        .filter(server -> server.card().name().equals(name))
        .findFirst();
  }
}
