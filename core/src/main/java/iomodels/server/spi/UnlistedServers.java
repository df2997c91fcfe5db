package iomodels.server.spi;

import java.util.Optional;

/**
 * Servers that are no models, and so are found by their names only; found by {@link
 * java.util.ServiceLoader}.
 */
public interface UnlistedServers {

  /** The one of that name, if it is among these. */
  Optional<ServerProvider> named(String name);

  /** The style of that name, if it is among these: programs that are on no list. */
  default Optional<StyleProvider> style(String name) {
    return Optional.empty();
  }
}
