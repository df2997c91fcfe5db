package iomodels.reactor;

import iomodels.netty.Transports;
import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Provides {@link ReactorNettyServer}. */
public final class ReactorNettyProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        "reactor-netty",
        "Input and replies are streams; demand controls how much the channel reads",
        IoModel.MULTIPLEXING,
        Notification.CALLBACK,
        Threading.EVENT_LOOPS,
        "the event loop, in Netty",
        "Netty, before onNext",
        "Twisted, RxPY");
  }

  @Override
  public Set<Capability> capabilities(ServerConfig config) {
    return Set.of(Capability.CONCURRENT, Capability.HALF_CLOSE, Capability.DATAGRAMS);
  }

  @Override
  public Map<Transport, Availability> transports() {
    return Transports.available();
  }

  @Override
  public List<String> nativeModules() {
    return List.of("io.netty.common");
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    return new ReactorNettyServer(config, service, Transports.choose(config));
  }
}
