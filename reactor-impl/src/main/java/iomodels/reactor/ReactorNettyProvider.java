package iomodels.reactor;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Offers {@link ReactorNettyServer}. */
public final class ReactorNettyProvider implements ServerProvider {

  /** Seen with Netty 4.2.18; NIO and epoll pause for a second. */
  private static final String IO_URING_CAVEAT =
      "accepts in a busy loop while descriptors are exhausted";

  @Override
  public ModelCard card() {
    return new ModelCard(
        "reactor-netty",
        "A stream of bytes in, a stream of replies out, and demand that flows back",
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
    Map<Transport, Availability> transports = new LinkedHashMap<>();
    transports.put(
        Transport.EPOLL, Availability.unless(Optional.ofNullable(Epoll.unavailabilityCause()), ""));
    transports.put(Transport.NIO, Availability.yes());
    transports.put(
        Transport.IO_URING,
        Availability.unless(Optional.ofNullable(IoUring.unavailabilityCause()), IO_URING_CAVEAT));
    return transports;
  }

  @Override
  public List<String> nativeModules() {
    return List.of("io.netty.common");
  }

  static Transport best() {
    return Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    Transport transport = config.transport().orElseGet(ReactorNettyProvider::best);
    Availability availability = transports().getOrDefault(transport, Availability.no("unknown"));
    if (!availability.here()) {
      throw new IOException(transport + " is not available: " + availability.reason());
    }
    return new ReactorNettyServer(config, service, transport);
  }
}
