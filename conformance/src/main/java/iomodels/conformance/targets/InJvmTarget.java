package iomodels.conformance.targets;

import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A model in the kit's own JVM, for wrong servers and for debugging. The two share descriptors,
 * heap, threads and processor time. A {@link ModelTarget} gives a sound verdict on a model.
 */
public final class InJvmTarget implements Target {

  private final ServerProvider provider;
  private final Map<Service, Server> shared = new ConcurrentHashMap<>();

  public InJvmTarget(ServerProvider provider) {
    this.provider = provider;
  }

  @Override
  public String name() {
    return provider.card().name();
  }

  @Override
  public Optional<Set<Capability>> claims() {
    return Optional.of(provider.capabilities(ServerConfig.onLoopback().withDatagrams(true)));
  }

  @Override
  public Optional<ModelCard> card() {
    return Optional.of(provider.card());
  }

  @Override
  public OptionalInt maxConnections() {
    return provider.maxConnections();
  }

  @Override
  public boolean serves(Service service) {
    return true;
  }

  @Override
  public boolean launchable() {
    return true;
  }

  @Override
  public synchronized InetSocketAddress shared(Service service) throws IOException {
    Server server = shared.get(service);
    if (server == null) {
      server = Loopback.start(provider, service, 0, Optional.empty());
      shared.put(service, server);
    }
    return server.address();
  }

  @Override
  public Instance launch(Service service, int port) throws IOException {
    Server server = Loopback.start(provider, service, port, Optional.empty());
    return instance(server, server.address());
  }

  @Override
  public boolean launchesOnAnyHost() {
    return true;
  }

  @Override
  public Instance launchOn(Service service, InetAddress host) throws IOException {
    InetSocketAddress anyPort = new InetSocketAddress(host, 0);
    Server server = Loopback.start(provider, service, anyPort, Optional.empty());
    return instance(server, Loopback.forClients(host, server.address().getPort()));
  }

  private static Instance instance(Server server, InetSocketAddress address) {
    return new Instance() {
      @Override
      public InetSocketAddress address() {
        return address;
      }

      @Override
      public void stop() {
        Thread.ofVirtual().start(server::close);
      }

      @Override
      public boolean awaitEnd(Duration within) throws InterruptedException {
        try {
          server.terminated().get(within.toMillis(), TimeUnit.MILLISECONDS);
          return true;
        } catch (ExecutionException e) {
          return true;
        } catch (TimeoutException e) {
          return false;
        }
      }

      @Override
      public void close() {
        server.close();
      }
    };
  }

  @Override
  public void close() {
    shared.values().forEach(Server::close);
  }
}
