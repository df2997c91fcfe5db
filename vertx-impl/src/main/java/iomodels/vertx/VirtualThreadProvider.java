package iomodels.vertx;

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

/**
 * Offers {@link VirtualThreadServer}. On a wildcard address the kernel chooses the source address
 * of its datagrams: neither Vert.x nor Netty lets a datagram be sent from a given one ({@code
 * IP_PKTINFO}).
 */
public final class VirtualThreadProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        "vertx-virtual",
        "Straight-line code: event loops do the I/O, a virtual thread for each connection"
            + " converses",
        IoModel.MULTIPLEXING,
        Notification.RETURN,
        Threading.VIRTUAL_PER_CONNECTION,
        "BlockingQueue.take",
        "Netty, on the event loop",
        "asyncio streams");
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
    return new VirtualThreadServer(config, service, Transports.choose(config));
  }
}
