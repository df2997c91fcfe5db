package iomodels.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * The configuration of a server.
 *
 * @param address the address to listen on; for port 0, the system chooses a free port
 * @param datagrams whether to answer UDP as well, on the same address and port
 * @param transport the transport to use; empty for the model's default
 * @param backlog the maximum number of connections in the kernel's accept queue, as in listen(2)
 * @param gracePeriod how long {@link Server#close()} waits for pending replies to be delivered
 * @param linger how long a connection whose session has finished waits for the peer's FIN, before
 *     the server closes it
 */
public record ServerConfig(
    InetSocketAddress address,
    boolean datagrams,
    Optional<Transport> transport,
    int backlog,
    Duration gracePeriod,
    Duration linger) {

  /** Returns the default configuration, on a free loopback port. */
  public static ServerConfig onLoopback() {
    return at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /** Returns the default configuration, on the given address. */
  public static ServerConfig at(InetSocketAddress address) {
    return new ServerConfig(
        address, false, Optional.empty(), 1024, Duration.ofSeconds(3), Duration.ofSeconds(2));
  }

  /** Returns a copy with or without UDP. */
  public ServerConfig withDatagrams(boolean wanted) {
    return new ServerConfig(address, wanted, transport, backlog, gracePeriod, linger);
  }

  /** Returns a copy with another transport. */
  public ServerConfig withTransport(Optional<Transport> wanted) {
    return new ServerConfig(address, datagrams, wanted, backlog, gracePeriod, linger);
  }

  /** Returns a copy with another grace period. */
  public ServerConfig withGracePeriod(Duration wanted) {
    return new ServerConfig(address, datagrams, transport, backlog, wanted, linger);
  }
}
