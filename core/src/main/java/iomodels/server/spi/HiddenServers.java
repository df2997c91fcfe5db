package iomodels.server.spi;

import java.util.Optional;

/**
 * Servers and styles that are found by name but do not appear in any list, such as wrong servers
 * and examples. {@link java.util.ServiceLoader} finds the implementations.
 */
public interface HiddenServers {

  /** Finds a server by its name. */
  Optional<ServerProvider> named(String name);

  /** Finds a style by its name. */
  default Optional<StyleProvider> style(String name) {
    return Optional.empty();
  }
}
