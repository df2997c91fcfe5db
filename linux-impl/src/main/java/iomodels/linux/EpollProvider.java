package iomodels.linux;

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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Offers {@link EpollServer}. */
public final class EpollProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        EpollServer.NAME,
        "One thread asks the kernel, which keeps the set of sockets, for those that are ready",
        IoModel.MULTIPLEXING,
        Notification.LEVEL_TRIGGERED,
        Threading.ONE,
        "epoll_wait",
        "recv",
        "select.epoll");
  }

  @Override
  public Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = EnumSet.of(Capability.CONCURRENT, Capability.HALF_CLOSE);
    if (config.datagrams()) {
      capabilities.add(Capability.DATAGRAMS);
      capabilities.add(Capability.REPLY_SOURCE);
    }
    return capabilities;
  }

  @Override
  public Availability availability() {
    return Linux.availability(
        "epoll_create1", () -> Linux.closed(Libc.epollCreate1(Libc.EPOLL_CLOEXEC)));
  }

  @Override
  public List<String> nativeModules() {
    return Linux.NATIVE_MODULES;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    Linux.demand(availability());
    return new EpollServer(config, service);
  }
}
