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
 * An I/O model: describes it, and starts its servers. {@link ServiceLoader} finds a provider by its
 * declaration in a {@code module-info}. The constructor has no side effects: it opens no socket,
 * starts no thread, and loads no native library. Safe for use by several threads.
 */
public interface ServerProvider {

  /** The key facts of the model. */
  ModelCard card();

  /** The capabilities of a server that is started with this configuration. */
  Set<Capability> capabilities(ServerConfig config);

  /** Whether the model works on this machine, and if not, why. */
  default Availability availability() {
    return Availability.yes();
  }

  /**
   * The transports that {@link ServerConfig#transport()} can name, preferred ones first, and
   * whether each works on this machine. The default is the first that works. Empty if the model has
   * no choice of transport.
   */
  default Map<Transport, Availability> transports() {
    return Map.of();
  }

  /**
   * The maximum number of clients that all servers of this model in one process serve at the same
   * time. Further clients wait or are refused. Empty if only the operating system sets a limit.
   */
  default OptionalInt maxConnections() {
    return OptionalInt.empty();
  }

  /**
   * The names of the modules that call native code, for the option {@code --enable-native-access}
   * of the Java launcher (JEP 472).
   */
  default List<String> nativeModules() {
    return List.of();
  }

  /**
   * Starts a server. Returns when the server is bound and listening. The caller owns the server and
   * has to close it.
   *
   * @param config the address, and the limits of the server
   * @param service the protocol to serve; the server opens one session for each connection
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
