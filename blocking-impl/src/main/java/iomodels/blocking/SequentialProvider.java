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

/** Offers {@link SequentialServer}. */
public final class SequentialProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        SequentialServer.NAME,
        "One thread serves one client after the other, and waits inside read",
        IoModel.BLOCKING,
        Notification.RETURN,
        Threading.ONE,
        "SocketChannel.read",
        "SocketChannel.read",
        "socketserver.TCPServer");
  }

  @Override
  public Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = EnumSet.of(Capability.HALF_CLOSE);
    if (config.datagrams()) {
      capabilities.add(Capability.DATAGRAMS);
    }
    return capabilities;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    return new SequentialServer(config, service);
  }
}
