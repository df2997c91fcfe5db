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

/** Starts models on loopback, where only this machine can reach them. */
public final class Loopback {

  private static final int TRIES = 5;

  private Loopback() {}

  /** Returns whether a socket can be bound to {@code ::1}. */
  public static boolean hasIpv6() {
    try (ServerSocket _ = new ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /**
   * Starts a server on 127.0.0.1, like {@link #start(ServerProvider, Service, InetSocketAddress,
   * Optional)}.
   */
  static Server start(
      ServerProvider provider, Service service, int port, Optional<Transport> transport)
      throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    return start(provider, service, address, transport);
  }

  /**
   * Starts a server, with datagrams if the model and the service have them. For port 0 the system
   * chooses a port for TCP; if that is taken for UDP, the method tries again.
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

  /** Returns the address for clients: a loopback address if the host is a wildcard. */
  static InetSocketAddress forClients(InetAddress host, int port) {
    return new InetSocketAddress(
        host.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : host, port);
  }
}
