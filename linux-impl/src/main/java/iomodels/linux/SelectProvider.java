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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Offers {@link SelectServer}. */
public final class SelectProvider implements ServerProvider {

  private static final int MAX_CONNECTIONS = 900;

  @Override
  public ModelCard card() {
    return new ModelCard(
        SelectServer.NAME,
        "One thread hands the kernel a bit for each socket, of which there are 1,024 and no more",
        IoModel.MULTIPLEXING,
        Notification.LEVEL_TRIGGERED,
        Threading.ONE,
        "select",
        "recv",
        "select.select");
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
    return Linux.availability("select", SelectProvider::probe);
  }

  /** A good hundred descriptors are left for what else the process has opened. */
  @Override
  public OptionalInt maxConnections() {
    return OptionalInt.of(MAX_CONNECTIONS);
  }

  @Override
  public List<String> nativeModules() {
    return Linux.NATIVE_MODULES;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    Linux.demand(availability());
    return new SelectServer(config, service);
  }

  /** Without a time it would wait for ever. */
  private static int probe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment none = MemorySegment.NULL;
      return Libc.select(0, none, none, none, new TimeVal(arena).ofMillis(0));
    }
  }
}
