package iomodels.server.spi;

import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

/**
 * A provider made of a model card and a server's constructor. Unless a subclass overrides {@link
 * #capabilities}, its servers serve clients concurrently, support half-close, and answer datagrams
 * if the configuration enables them.
 */
public abstract class ModelProvider implements ServerProvider {

  /** A server's constructor. */
  @FunctionalInterface
  public interface Constructor {

    /** See {@link ServerProvider#start}. */
    Server start(ServerConfig config, Service service) throws IOException;
  }

  private final ModelCard card;
  private final Constructor server;

  /**
   * Creates the provider of a model.
   *
   * @param card the key facts of the model
   * @param server starts a server of that model
   */
  protected ModelProvider(ModelCard card, Constructor server) {
    this.card = card;
    this.server = server;
  }

  @Override
  public final ModelCard card() {
    return card;
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
    return server.start(config, service);
  }
}
