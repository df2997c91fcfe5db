package iomodels.examples;

import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import java.util.Optional;

/** Finds an example by the exact name of its server or style, such as {@code example-vertx}. */
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

  @Override
  public Optional<StyleProvider> style(String name) {
    return HttpExamples.all().stream()
        .map(ProgramExample::style)
        .filter(it -> it.style().equals(name))
        .findFirst();
  }
}
