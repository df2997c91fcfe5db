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

/** Offers {@link MultiReactorServer}. */
public final class MultiReactorProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        MultiReactorServer.NAME,
        "A thread accepts, and hands clients over to a loop for each core, each with its selector",
        IoModel.MULTIPLEXING,
        Notification.LEVEL_TRIGGERED,
        Threading.EVENT_LOOPS,
        "Selector.select",
        "SocketChannel.read",
        "an asyncio loop per worker");
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
    return new MultiReactorServer(config, service);
  }
}
