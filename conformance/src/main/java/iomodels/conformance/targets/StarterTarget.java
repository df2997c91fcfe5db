package iomodels.conformance.targets;

import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * A server of another project, started in the kit's own JVM. The two share descriptors, heap and
 * threads, so that rules about a process do not apply.
 */
public final class StarterTarget implements Target {

  private static final int TRIES = 3;
  private static final Duration READY = Duration.ofSeconds(20);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final Service service;
  private final ServerStarter starter;
  private Optional<Instance> shared = Optional.empty();

  public StarterTarget(Service service, ServerStarter starter) {
    this.service = service;
    this.starter = starter;
  }

  @Override
  public String name() {
    return "the server of " + service.name();
  }

  @Override
  public Optional<Set<Capability>> claims() {
    return Optional.empty();
  }

  @Override
  public boolean serves(Service wanted) {
    return wanted.equals(service);
  }

  @Override
  public boolean launchable() {
    return true;
  }

  @Override
  public synchronized InetSocketAddress shared(Service wanted) throws IOException {
    if (shared.isEmpty()) {
      shared = Optional.of(launch(wanted, 0));
    }
    return shared.get().address();
  }

  /** Tries several ports: one that was free a moment ago may be taken. */
  @Override
  public Instance launch(Service wanted, int port) throws IOException {
    for (int i = 1; ; i++) {
      try {
        return launchAt(port == 0 ? FreePort.find() : port);
      } catch (IOException e) {
        if (port != 0 || i == TRIES) {
          throw e;
        }
      }
    }
  }

  private Instance launchAt(int port) throws IOException {
    AutoCloseable server;
    try {
      server = starter.start(port);
    } catch (Exception e) {
      throw new IOException("the server does not start on port %d: %s".formatted(port, e), e);
    }
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    Started started = new Started(address, new FutureTask<>(() -> stop(server)));
    long deadline = System.nanoTime() + READY.toNanos();
    while (!CommandTarget.answers(address)) {
      if (System.nanoTime() - deadline > 0) {
        started.close();
        throw new IOException("the server does not listen on port %d of 127.0.0.1".formatted(port));
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    return started;
  }

  private static Void stop(AutoCloseable server) throws Exception {
    server.close();
    return null;
  }

  /** It has ended when its method {@code close} has returned. */
  private record Started(InetSocketAddress address, FutureTask<Void> stopping) implements Instance {

    @Override
    public void stop() {
      Thread.ofVirtual().start(stopping);
    }

    @Override
    public boolean awaitEnd(Duration within) throws InterruptedException {
      try {
        stopping.get(within.toMillis(), TimeUnit.MILLISECONDS);
        return true;
      } catch (ExecutionException _) {
        return true;
      } catch (TimeoutException _) {
        return false;
      }
    }

    @Override
    public void close() {
      stopping.run();
    }
  }

  @Override
  public synchronized void close() {
    shared.ifPresent(Instance::close);
    shared = Optional.empty();
  }
}
