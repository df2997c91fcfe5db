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
import java.util.Set;

/**
 * What the providers of this module have in common. Each model has a class of its own, since {@link
 * java.util.ServiceLoader} finds classes.
 */
abstract class BlockingProvider implements ServerProvider {

  /** A server's constructor. */
  @FunctionalInterface
  interface Constructor {
    Server start(ServerConfig config, Service service) throws IOException;
  }

  private final ModelCard card;
  private final Constructor server;

  /** A model whose threads block in {@code read}. */
  BlockingProvider(
      String name,
      String summary,
      Threading threading,
      String pythonCounterpart,
      Constructor server) {
    this.card =
        new ModelCard(
            name,
            summary,
            IoModel.BLOCKING,
            Notification.RETURN,
            threading,
            "SocketChannel.read",
            "SocketChannel.read",
            pythonCounterpart);
    this.server = server;
  }

  @Override
  public final ModelCard card() {
    return card;
  }

  @Override
  public final Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = EnumSet.of(Capability.HALF_CLOSE);
    if (card.threading() != Threading.ONE) {
      capabilities.add(Capability.CONCURRENT);
    }
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
