package iomodels.examples;

import iomodels.server.Server;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** An example that is listening. To stop it is what its framework offers for that. */
final class ExampleServer implements Server {

  /** An example's page. */
  @FunctionalInterface
  interface Page {
    /** Returns when it listens. */
    ExampleServer serve(InetSocketAddress address) throws IOException;
  }

  private final InetSocketAddress address;
  private final Runnable stop;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ExampleServer(InetSocketAddress address, Runnable stop) {
    this.address = address;
    this.stop = stop;
  }

  /** What a framework says of an address that it cannot have, as the system says it. */
  static BindException refused(Exception failure) {
    Throwable reason = failure;
    while (reason.getCause() != null) {
      reason = reason.getCause();
    }
    BindException refused = new BindException(reason.getMessage());
    refused.initCause(failure);
    return refused;
  }

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      try {
        stop.run();
      } finally {
        terminated.complete(null);
      }
    }
    terminated.join();
  }
}
