package iomodels.blocking;

import iomodels.server.Threading;
import iomodels.server.spi.Availability;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

/** Offers {@link PreforkServer}. */
public final class PreforkProvider extends BlockingProvider {

  /** For the service loader. */
  public PreforkProvider() {
    super(
        PreforkServer.NAME,
        "Several processes share a port; each has a platform thread for each connection",
        Threading.PROCESSES,
        "gunicorn --reuse-port --threads",
        PreforkServer::new);
  }

  @Override
  public Availability availability() {
    if (System.getProperty("jdk.module.path") == null) {
      return Availability.no(
          "workers are started from the module path, but this JVM runs without a module path");
    }
    try (SocketChannel probe = SocketChannel.open()) {
      return probe.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)
          ? Availability.yes()
          : Availability.no("this system has no SO_REUSEPORT, so two sockets cannot share a port");
    } catch (IOException e) {
      return Availability.no(String.valueOf(e.getMessage()));
    }
  }
}
