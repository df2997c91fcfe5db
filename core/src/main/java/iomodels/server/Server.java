package iomodels.server;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A running server. It is bound and listening when its provider returns it. */
public interface Server extends AutoCloseable {

  /** The address it listens on, with the real port, also if port 0 was requested. */
  InetSocketAddress address();

  /** The transport in use, if the framework offers several. */
  default Optional<Transport> transport() {
    return Optional.empty();
  }

  /**
   * Completes when the server has ended and released its port: normally after {@link #close()},
   * exceptionally if it failed.
   */
  CompletableFuture<Void> terminated();

  /**
   * Stops gracefully: refuses new connections at once, delivers pending replies within the grace
   * period, then closes the remaining connections. Returns when the server has ended. Idempotent: a
   * further call, from any thread, waits for the same end.
   */
  @Override
  void close();
}
