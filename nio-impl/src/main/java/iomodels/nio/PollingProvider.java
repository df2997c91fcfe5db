package iomodels.nio;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

/** Offers {@link PollingServer}. */
public final class PollingProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        PollingServer.NAME,
        "One thread asks every socket in turn whether there is anything, and burns its core",
        IoModel.NON_BLOCKING,
        Notification.POLLING,
        Threading.ONE,
        "nowhere: it asks again",
        "SocketChannel.read",
        "socket.setblocking(False)");
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
  public Server start(ServerConfig config, Service service) throws IOException {
    return new PollingServer(config, service);
  }
}
