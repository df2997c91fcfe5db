package iomodels.server;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A running server. It is bound and listening when its provider returns it. Its methods may be
 * called from any thread.
 */
public interface Server extends AutoCloseable {

  /** The address that the server listens on, with the actual port even if port 0 was requested. */
  InetSocketAddress address();

  /** The transport in use; empty if the model has no choice of transport. */
  default Optional<Transport> transport() {
    return Optional.empty();
  }

  /**
   * Completes when the server has ended and released its port: normally after {@link #close()},
   * exceptionally if the server has failed.
   */
  CompletableFuture<Void> terminated();

  /**
   * Stops the server gracefully: refuses new connections at once, delivers pending replies within
   * the grace period, then closes the remaining connections. Returns when the server has ended.
   * Idempotent: each further call also waits until the server has ended.
   */
  @Override
  void close();
}
