package iomodels.blocking;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.spi.Availability;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.EnumSet;
import java.util.Set;

/** Offers {@link PreforkServer}. */
public final class PreforkProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        PreforkServer.NAME,
        "Several processes that share a port, a platform thread for each connection in each",
        IoModel.BLOCKING,
        Notification.RETURN,
        Threading.PROCESSES,
        "SocketChannel.read",
        "SocketChannel.read",
        "gunicorn --reuse-port --threads");
  }

  @Override
  public Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = EnumSet.of(Capability.CONCURRENT, Capability.HALF_CLOSE);
    if (config.datagrams()) {
      capabilities.add(Capability.DATAGRAMS);
    }
    return capabilities;
  }

  @Override
  public Availability availability() {
    if (System.getProperty("jdk.module.path") == null) {
      return Availability.no("workers are started from the module path, and this JVM has none");
    }
    try (SocketChannel probe = SocketChannel.open()) {
      return probe.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)
          ? Availability.yes()
          : Availability.no("no SO_REUSEPORT: two sockets cannot share a port");
    } catch (IOException e) {
      return Availability.no(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    return new PreforkServer(config, service);
  }
}
