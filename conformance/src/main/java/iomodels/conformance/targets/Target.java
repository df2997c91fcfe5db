package iomodels.conformance.targets;

import iomodels.server.ModelCard;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What is to be judged. Safe for use by several threads. Closing it ends whatever it started, and
 * nothing else.
 */
public non-sealed interface Target extends Subject {

  /** What is claimed for it; empty if nobody has claimed anything, and the kit has to look. */
  Optional<Set<Capability>> claims();

  /** What is declared of it, if it is a model. */
  default Optional<ModelCard> card() {
    return Optional.empty();
  }

  /** How many clients it serves at once at most, if that is declared. */
  default OptionalInt maxConnections() {
    return OptionalInt.empty();
  }

  /** Whether it can be asked for that service. */
  boolean serves(Service service);

  /** Whether {@link #launch} works. */
  boolean launchable();

  /** Whether what it launches has a process of its own, so that {@link #launchWithin} works. */
  default boolean launchesProcesses() {
    return false;
  }

  /**
   * Where that service is served to every rule alike; started when first asked for.
   *
   * @throws IOException if it cannot be started or reached, in words for the user
   */
  InetSocketAddress shared(Service service) throws IOException, InterruptedException;

  /**
   * Starts a server of its own.
   *
   * @param port where; 0 for one that the system chooses
   * @throws IOException if it does not come up, with its own words
   */
  Instance launch(Service service, int port) throws IOException, InterruptedException;

  /** Whether {@link #launchOn} works. */
  default boolean launchesOnAnyHost() {
    return false;
  }

  /**
   * Starts a server of its own on a port that the system chooses.
   *
   * @param host the address to listen on
   * @return with that address, or a loopback address if it is a wildcard
   * @throws IOException if it does not come up, with its own words
   */
  default Instance launchOn(Service service, InetAddress host)
      throws IOException, InterruptedException {
    throw new IllegalStateException("%s cannot be told where to listen".formatted(name()));
  }

  /**
   * Starts a server of its own which never has more descriptors than that, in each of its
   * processes.
   *
   * @throws IOException if it does not come up, with its own words
   */
  default Instance launchWithin(Service service, int descriptors)
      throws IOException, InterruptedException {
    throw new IllegalStateException("what %s launches has no process".formatted(name()));
  }
}
