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
import java.util.OptionalInt;
import java.util.Set;

/** Offers {@link PoolServer}. */
public final class PoolProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        PoolServer.NAME,
        "A fixed number of platform threads; when all are taken, further clients wait to be"
            + " accepted",
        IoModel.BLOCKING,
        Notification.RETURN,
        Threading.POOL,
        "SocketChannel.read",
        "SocketChannel.read",
        "concurrent.futures.ThreadPoolExecutor");
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
  public OptionalInt maxConnections() {
    return OptionalInt.of(PoolServer.THREADS);
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    return new PoolServer(config, service);
  }
}
