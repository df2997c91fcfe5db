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

/** Offers {@link IoUringServer}. */
public final class IoUringProvider implements ServerProvider {

  @Override
  public ModelCard card() {
    return new ModelCard(
        IoUringServer.NAME,
        "One thread asks the kernel to receive and to send, and is told what has been done",
        IoModel.ASYNCHRONOUS,
        Notification.COMPLETION,
        Threading.ONE,
        "io_uring_enter",
        "the kernel, meanwhile",
        "asyncio.ProactorEventLoop (on Windows)");
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
    return Linux.availability("io_uring_setup", Ring::probe);
  }

  @Override
  public List<String> nativeModules() {
    return Linux.NATIVE_MODULES;
  }

  @Override
  public Server start(ServerConfig config, Service service) throws IOException {
    Linux.demand(availability());
    return new IoUringServer(config, service);
  }
}
