package iomodels.linux;

import iomodels.server.ModelCard;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Availability;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ModelProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * Base class of this module's providers. Each model needs a system call that some machines do not
 * permit. All models reply to a datagram from the address to which it was sent.
 */
abstract class LinuxProvider extends ModelProvider {

  private final String call;
  private final IntSupplier probe;

  /**
   * Creates the provider of a model.
   *
   * @param call the name of the system call, for the reason if it does not work
   * @param probe makes that call; see {@link Linux#availability}
   */
  LinuxProvider(ModelCard card, String call, IntSupplier probe, Constructor server) {
    super(card, server);
    this.call = call;
    this.probe = probe;
  }

  @Override
  public final Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = super.capabilities(config);
    if (config.datagrams()) {
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
    return super.start(config, service);
  }
}
