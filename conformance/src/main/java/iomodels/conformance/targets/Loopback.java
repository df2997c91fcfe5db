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
import java.net.ServerSocket;
import java.util.Optional;

/** Starts models where the kit can reach them, on this machine alone. */
public final class Loopback {

  private static final int TRIES = 5;

  private Loopback() {}

  /** Whether a socket can be bound to {@code ::1}. */
  public static boolean hasIpv6() {
    try (ServerSocket _ = new ServerSocket(0, 1, InetAddress.getByName("::1"))) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /**
   * Starts a server on 127.0.0.1; else as {@link #start(ServerProvider, Service, InetSocketAddress,
   * Optional)}.
   */
  static Server start(
      ServerProvider provider, Service service, int port, Optional<Transport> transport)
      throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    return start(provider, service, address, transport);
  }

  /**
   * Starts a server, with datagrams where the model and the service have them. If the system is to
   * choose the port, it chooses one for TCP; if that is taken for UDP, another one is tried.
   */
  static Server start(
      ServerProvider provider,
      Service service,
      InetSocketAddress address,
      Optional<Transport> transport)
      throws IOException {
    ServerConfig plain = ServerConfig.at(address).withTransport(transport);
    ServerConfig both = plain.withDatagrams(service.datagrams().isPresent());
    boolean claimed = provider.capabilities(both).contains(Capability.DATAGRAMS);
    for (int i = 1; ; i++) {
      try {
        return provider.start(claimed ? both : plain, service);
      } catch (BindException e) {
        if (address.getPort() != 0 || i == TRIES) {
          throw e;
        }
      }
    }
  }

  /** Where a client reaches a server that listens there: on loopback, if it is a wildcard. */
  static InetSocketAddress reached(InetAddress host, int port) {
    return new InetSocketAddress(
        host.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : host, port);
  }
}
