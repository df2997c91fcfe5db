package iomodels.conformance.targets;

import iomodels.server.ModelCard;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A server to test. Safe for use by several threads. Closing it ends everything that it has
 * started, and nothing else.
 */
public non-sealed interface Target extends Subject {

  /** Returns the claimed capabilities; empty without claims: the kit then probes the server. */
  Optional<Set<Capability>> claims();

  /** Returns the model card; empty if the server is not a model of this project. */
  default Optional<ModelCard> card() {
    return Optional.empty();
  }

  /** Returns the declared maximum of simultaneous clients; empty if none is declared. */
  default OptionalInt maxConnections() {
    return OptionalInt.empty();
  }

  /** Returns whether the target provides this service. */
  boolean serves(Service service);

  /** Returns whether {@link #launch} works. */
  boolean launchable();

  /**
   * Returns whether its instances have a process of their own, so that {@link #launchWithin} works.
   */
  default boolean launchesProcesses() {
    return false;
  }

  /**
   * Returns the address of the server that rules share. The first call starts it; if it has ended
   * since then, the next call starts another one.
   *
   * @throws IOException if it cannot be started or reached; the message is for the user
   */
  InetSocketAddress shared(Service service) throws IOException, InterruptedException;

  /**
   * Returns how a server that rules share has ended by itself, as a phrase without a subject; empty
   * while it runs, and if the kit cannot tell.
   *
   * @param shared what {@link #shared} returned
   * @param within how long to wait for its end: connections are closed shortly before
   */
  default Optional<String> crash(InetSocketAddress shared, Duration within)
      throws InterruptedException {
    return Optional.empty();
  }

  /**
   * Starts another instance, which may share a process with other instances.
   *
   * @param port the port; 0 for one that the system chooses
   * @throws IOException if it does not start; the message is the server's own
   */
  Instance launch(Service service, int port) throws IOException, InterruptedException;

  /**
   * Starts another instance in a process in which nothing else runs, so that the kit can observe
   * and pause it.
   *
   * @throws IOException if it does not start; the message is the server's own
   */
  default Instance launchAlone(Service service) throws IOException, InterruptedException {
    return launch(service, 0);
  }

  /** Returns whether {@link #launchOn} works. */
  default boolean launchesOnAnyHost() {
    return false;
  }

  /**
   * Starts another instance on a port that the system chooses.
   *
   * @param host the address to listen on
   * @return an instance with this address, or with a loopback address if it is a wildcard
   * @throws IOException if it does not start; the message is the server's own
   */
  default Instance launchOn(Service service, InetAddress host)
      throws IOException, InterruptedException {
    throw new IllegalStateException("the kit cannot choose the address of %s".formatted(name()));
  }

  /**
   * Starts another instance with a limit on descriptors for each of its processes.
   *
   * @throws IOException if it does not start; the message is the server's own
   */
  default Instance launchWithin(Service service, int descriptors)
      throws IOException, InterruptedException {
    throw new IllegalStateException("%s does not run in a process of its own".formatted(name()));
  }
}
