package iomodels.linux;

import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Availability;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * What the providers of this module have in common. Each model has a class of its own, since {@link
 * java.util.ServiceLoader} finds classes.
 */
abstract class LinuxProvider implements ServerProvider {

  /** A server's constructor. */
  @FunctionalInterface
  interface Constructor {
    Server start(ServerConfig config, Service service) throws IOException;
  }

  private final ModelCard card;
  private final String call;
  private final IntSupplier probe;
  private final Constructor server;

  /**
   * @param call the system call that not every machine permits, for the reason if it does not work
   * @param probe makes that call: see {@link Linux#availability}
   */
  LinuxProvider(ModelCard card, String call, IntSupplier probe, Constructor server) {
    this.card = card;
    this.call = call;
    this.probe = probe;
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
      capabilities.add(Capability.REPLY_SOURCE);
    }
    return capabilities;
  }

  @Override
  public final Availability availability() {
    return Linux.availability(call, probe);
  }

  @Override
  public final List<String> nativeModules() {
    return Linux.NATIVE_MODULES;
  }

  @Override
  public final Server start(ServerConfig config, Service service) throws IOException {
    Linux.demand(availability());
    return server.start(config, service);
  }
}
