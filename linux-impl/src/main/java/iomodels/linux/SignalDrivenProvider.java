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

/** Offers {@link SignalDrivenServer}. */
public final class SignalDrivenProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        SignalDrivenServer.NAME,
        "One thread takes signals from a queue, each of which names a socket that is ready",
        IoModel.SIGNAL_DRIVEN,
        Notification.SIGNAL,
        Threading.ONE,
        "sigtimedwait",
        "recv",
        "signal.sigtimedwait");
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
    return Linux.availability("fcntl(F_SETSIG)", Signals::probe);
  }

  @Override
  public List<String> nativeModules() {
    return Linux.NATIVE_MODULES;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    Linux.demand(availability());
    return new SignalDrivenServer(config, service);
  }
}
