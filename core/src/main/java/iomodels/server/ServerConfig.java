package iomodels.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * How a server is to be started.
 *
 * @param address where to listen; port 0 for one that the system chooses
 * @param datagrams whether to answer UDP as well, on the same address and port
 * @param transport what is to carry the bytes, for a framework that offers a choice; empty for its
 *     default
 * @param backlog how many connections may wait to be accepted
 * @param gracePeriod how long {@link Server#close()} waits for replies that are owed
 * @param linger how long a finished conversation waits for the peer's FIN
 */
public record ServerConfig(
    InetSocketAddress address,
    boolean datagrams,
    Optional<Transport> transport,
    int backlog,
    Duration gracePeriod,
    Duration linger) {

  /** TCP on a loopback port that the system chooses. */
  public static ServerConfig onLoopback() {
    return at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /** TCP at that address, all else at its default. */
  public static ServerConfig at(InetSocketAddress address) {
    return new ServerConfig(
        address, false, Optional.empty(), 1024, Duration.ofSeconds(3), Duration.ofSeconds(2));
  }

  /** The same, with or without UDP on the same port. */
  public ServerConfig withDatagrams(boolean wanted) {
    return new ServerConfig(address, wanted, transport, backlog, gracePeriod, linger);
  }

  /** The same, on that transport. */
  public ServerConfig withTransport(Optional<Transport> wanted) {
    return new ServerConfig(address, datagrams, wanted, backlog, gracePeriod, linger);
  }

  /** The same, with that much time to drain on close. */
  public ServerConfig withGracePeriod(Duration wanted) {
    return new ServerConfig(address, datagrams, transport, backlog, wanted, linger);
  }
}
