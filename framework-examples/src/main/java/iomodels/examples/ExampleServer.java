package iomodels.examples;

import iomodels.server.Server;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** A running example. {@link #close} does what its framework offers for a stop. */
final class ExampleServer implements Server {

  /** Starts an example. */
  @FunctionalInterface
  interface Page {
    /** Starts the example; returns when it listens. */
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

  /**
   * Converts a framework's exception about an unusable address into one with the system's message.
   */
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
