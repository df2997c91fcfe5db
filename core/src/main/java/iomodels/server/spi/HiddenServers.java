package iomodels.server.spi;

import java.util.Optional;

/**
 * Servers and styles that no list shows, such as wrong servers and examples; they are found by
 * name. {@link java.util.ServiceLoader} finds the implementations.
 */
public interface HiddenServers {

  /** Finds a server by its name. */
  Optional<ServerProvider> named(String name);

  /** Finds a style by its name. */
  default Optional<StyleProvider> style(String name) {
    return Optional.empty();
  }
}
