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
 * One way to serve; found by {@link ServiceLoader}, declared in a {@code module-info}. To make one
 * is cheap and touches nothing: no socket, no thread, no native library. Safe for use by several
 * threads.
 */
public interface ServerProvider {

  /** What there is to know of its servers. */
  ModelCard card();

  /** What its servers can do when started like that. */
  Set<Capability> capabilities(ServerConfig config);

  /** Whether it works on this machine. */
  default Availability availability() {
    return Availability.yes();
  }

  /**
   * The transports that can be asked for in {@link ServerConfig#transport()}, and whether each
   * works on this machine, the best first: the first that works is what a server runs on that is
   * not asked for another. None where there is no choice.
   */
  default Map<Transport, Availability> transports() {
    return Map.of();
  }

  /**
   * How many clients its servers serve at once at most, all servers of a process taken together;
   * whoever comes after them waits, or is refused. Empty if it is for the system to say.
   */
  default OptionalInt maxConnections() {
    return OptionalInt.empty();
  }

  /**
   * The modules that call native code, which the Java launcher wants named in {@code
   * --enable-native-access} (JEP 472).
   */
  default List<String> nativeModules() {
    return List.of();
  }

  /**
   * Starts a server.
   *
   * @return when it is bound and listening
   * @throws IOException if it cannot be: the port is in use, a transport is not to be had, …
   */
  Server start(ServerConfig config, Service service) throws IOException;

  /** Every provider on the module path, by name. */
  static List<ServerProvider> installed() {
    return ServiceLoader.load(ServerProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(provider -> provider.card().name()))
        .toList();
  }

  /** The provider of that name, if it is on the module path. */
  static Optional<ServerProvider> named(String name) {
    return installed().stream().filter(it -> it.card().name().equals(name)).findFirst();
  }
}
