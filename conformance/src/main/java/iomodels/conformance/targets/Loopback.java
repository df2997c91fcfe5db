package iomodels.conformance.targets;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Starts models where the kit can reach them. */
final class Loopback {

  private static final int TRIES = 5;

  private Loopback() {}

  /**
   * Starts a server on loopback, with datagrams where the model and the service have them. If the
   * system is to choose the port, it chooses one for TCP; that it is taken for UDP happens, and
   * another one is tried.
   */
  static Server start(
      ServerProvider provider, Service service, int port, Optional<Transport> transport)
      throws IOException {
    ServerConfig plain =
        ServerConfig.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .withTransport(transport);
    ServerConfig both = plain.withDatagrams(service.datagrams().isPresent());
    boolean claimed = provider.capabilities(both).contains(Capability.DATAGRAMS);
    for (int i = 1; ; i++) {
      try {
        return provider.start(claimed ? both : plain, service);
      } catch (BindException e) {
        if (port != 0 || i == TRIES) {
          throw e;
        }
      }
    }
  }
}
