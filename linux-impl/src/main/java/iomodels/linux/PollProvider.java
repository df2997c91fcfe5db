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
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Offers {@link PollServer}. */
public final class PollProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        PollServer.NAME,
        "One thread hands the kernel a list of all sockets, and searches it for those that are"
            + " ready",
        IoModel.MULTIPLEXING,
        Notification.LEVEL_TRIGGERED,
        Threading.ONE,
        "poll",
        "recv",
        "select.poll");
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
    return Linux.availability("poll", () -> Libc.poll(MemorySegment.NULL, 0, 0));
  }

  @Override
  public List<String> nativeModules() {
    return Linux.NATIVE_MODULES;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    Linux.demand(availability());
    return new PollServer(config, service);
  }
}
