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

/** Offers {@link EpollEdgeServer}. */
public final class EpollEdgeProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        EpollEdgeServer.NAME,
        "The kernel tells once that a socket has become ready, and one thread keeps it in mind",
        IoModel.MULTIPLEXING,
        Notification.EDGE_TRIGGERED,
        Threading.ONE,
        "epoll_wait",
        "recv",
        "select.epoll with EPOLLET");
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
    return new EpollEdgeServer(config, service);
  }
}
