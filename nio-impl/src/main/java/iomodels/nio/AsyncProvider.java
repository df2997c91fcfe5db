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

/** Offers {@link AsyncServer}. */
public final class AsyncProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        AsyncServer.NAME,
        "A read is asked for, and a handler called once the bytes are in its buffer",
        IoModel.ASYNCHRONOUS,
        Notification.COMPLETION,
        Threading.POOL,
        "the channel group, in epoll",
        "the channel group",
        "asyncio.ProactorEventLoop");
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
    return new AsyncServer(config, service);
  }
}
