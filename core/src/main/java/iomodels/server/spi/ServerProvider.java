package iomodels.server.spi;

import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.service.Service;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * An I/O model. {@link ServiceLoader} finds it by its declaration in a {@code module-info}. The
 * constructor has no effects: it opens no socket, starts no thread, and loads no native library.
 * Safe for use by several threads.
 */
public interface ServerProvider {

  /** The key facts of the model. */
  ModelCard card();

  /** The capabilities of a server with that configuration. */
  Set<Capability> capabilities(ServerConfig config);

  /** Whether it works on this machine. */
  default Availability availability() {
    return Availability.yes();
  }

  /**
   * The transports that {@link ServerConfig#transport()} can name, best first, and whether each
   * works on this machine. The first one that works is the default. Empty if there is no choice.
   */
  default Map<Transport, Availability> transports() {
    return Map.of();
  }

  /**
   * The maximum number of clients that all servers of a process serve at the same time; further
   * clients wait, or are refused. Empty if only the system limits it.
   */
  default OptionalInt maxConnections() {
    return OptionalInt.empty();
  }

  /**
   * The modules that call native code, for the option {@code --enable-native-access} of the Java
   * launcher (JEP 472).
   */
  default List<String> nativeModules() {
    return List.of();
  }

  /**
   * Starts a server. Returns when it is bound and listening.
   *
   * @throws IOException if the port is in use, the transport is not available, or the system has no
   *     thread or descriptor left
   */
  Server start(ServerConfig config, Service service) throws IOException;

  /** All providers on the module path, sorted by name. */
  static List<ServerProvider> installed() {
    return ServiceLoader.load(ServerProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(provider -> provider.card().name()))
        .toList();
  }

  /** Finds a provider by the name of its model. */
  static Optional<ServerProvider> named(String name) {
    return installed().stream().filter(it -> it.card().name().equals(name)).findFirst();
  }
}
