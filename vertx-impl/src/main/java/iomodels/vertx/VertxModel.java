package iomodels.vertx;

import iomodels.netty.Transports;
import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
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
 * Base class of the providers of this module, which differ only in the model card and the server.
 * None claims {@link Capability#REPLY_SOURCE}; {@link DatagramServer} says why.
 */
abstract class VertxModel implements ServerProvider {

  /** Constructs and starts a server. */
  interface Starter {
    Server start(ServerConfig config, Service service, Transport transport) throws IOException;
  }

  private final ModelCard card;
  private final Starter starter;

  VertxModel(ModelCard card, Starter starter) {
    this.card = card;
    this.starter = starter;
  }

  @Override
  public final ModelCard card() {
    return card;
  }

  @Override
  public final Set<Capability> capabilities(ServerConfig config) {
    return Set.of(Capability.CONCURRENT, Capability.HALF_CLOSE, Capability.DATAGRAMS);
  }

  @Override
  public final Map<Transport, Availability> transports() {
    return Transports.available();
  }

  @Override
  public final List<String> nativeModules() {
    return List.of("io.netty.common");
  }

  @Override
  public final Server start(ServerConfig config, Service service) throws IOException {
    return starter.start(config, service, Transports.choose(config));
  }
}
