package iomodels.server;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A server that is running: it was bound and listening before anyone could hold this object. */
public interface Server extends AutoCloseable {

  /** Where it listens: the real port, even if port 0 was asked for. */
  InetSocketAddress address();

  /** The transport that really carries its bytes, if its framework offers a choice. */
  default Optional<Transport> transport() {
    return Optional.empty();
  }

  /**
   * Completes when the server has ended and let go of its port: normally after {@link #close()},
   * exceptionally if what drives it died.
   */
  CompletableFuture<Void> terminated();

  /**
   * Stops: refuses new connections at once, lets those that are owed a reply have it within the
   * grace period, then cuts off the rest. Returns when the server has ended. Calling it again, from
   * any thread, waits for the same end.
   */
  @Override
  void close();
}
