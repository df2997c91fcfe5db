package iomodels.blocking;

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

/** Offers {@link VirtualThreadServer}. */
public final class VirtualThreadProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        VirtualThreadServer.NAME,
        "A virtual thread for each connection, which waits inside read and leaves its carrier"
            + " meanwhile",
        IoModel.BLOCKING,
        Notification.RETURN,
        Threading.VIRTUAL_PER_CONNECTION,
        "SocketChannel.read",
        "SocketChannel.read",
        "gevent");
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
    return new VirtualThreadServer(config, service);
  }
}
