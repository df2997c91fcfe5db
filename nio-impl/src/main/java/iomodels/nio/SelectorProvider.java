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

/** Offers {@link SelectorServer}. */
public final class SelectorProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        SelectorServer.NAME,
        "One thread waits for all sockets at once, and reads from those that are ready",
        IoModel.MULTIPLEXING,
        Notification.LEVEL_TRIGGERED,
        Threading.ONE,
        "Selector.select",
        "SocketChannel.read",
        "selectors.DefaultSelector");
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
    return new SelectorServer(config, service);
  }
}
