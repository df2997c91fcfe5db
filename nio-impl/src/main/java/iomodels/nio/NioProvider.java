package iomodels.nio;

import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

/**
 * What the providers of this module have in common. Each model has a class of its own, since {@link
 * java.util.ServiceLoader} finds classes.
 */
abstract class NioProvider implements ServerProvider {

  /** A server's constructor. */
  @FunctionalInterface
  interface Constructor {
    Server start(ServerConfig config, Service service) throws IOException;
  }

  private final ModelCard card;
  private final Constructor server;

  NioProvider(ModelCard card, Constructor server) {
    this.card = card;
    this.server = server;
  }

  @Override
  public final ModelCard card() {
    return card;
  }

  @Override
  public final Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = EnumSet.of(Capability.CONCURRENT, Capability.HALF_CLOSE);
    if (config.datagrams()) {
      capabilities.add(Capability.DATAGRAMS);
    }
    return capabilities;
  }

  @Override
  public final Server start(ServerConfig config, Service service) throws IOException {
    return server.start(config, service);
  }
}
