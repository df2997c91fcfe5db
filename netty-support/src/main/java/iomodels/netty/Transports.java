package iomodels.netty;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The transports of Netty that work on this machine. All methods are safe for use by any thread.
 */
public final class Transports {

  /** Seen with Netty 4.2.18, although {@link Acceptor} stops reading; NIO and epoll pause. */
  private static final String IO_URING_CAVEAT =
      "accepts in a busy loop while descriptors are exhausted";

  private Transports() {}

  /** Every transport, the best one first, and whether it works here. */
  public static Map<Transport, Availability> available() {
    Map<Transport, Availability> transports = new LinkedHashMap<>();
    for (Transport transport :
        new Transport[] {Transport.EPOLL, Transport.NIO, Transport.IO_URING}) {
      transports.put(
          transport,
          Availability.unless(
              unavailabilityCause(transport),
              transport == Transport.IO_URING ? IO_URING_CAVEAT : ""));
    }
    return transports;
  }

  /** Why a transport does not work here; empty if it does. */
  public static Optional<Throwable> unavailabilityCause(Transport transport) {
    return switch (transport) {
      case NIO -> Optional.empty();
      case EPOLL -> Optional.ofNullable(Epoll.unavailabilityCause());
      case IO_URING -> Optional.ofNullable(IoUring.unavailabilityCause());
    };
  }

  /** The transport that a server uses by default: epoll where it works, else NIO. */
  public static Transport best() {
    return Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO;
  }

  /**
   * The transport that the configuration asks for, or else the best one.
   *
   * @throws IOException if it does not work here; the message says why
   */
  public static Transport choose(ServerConfig config) throws IOException {
    Transport transport = config.transport().orElseGet(Transports::best);
    Availability availability = available().getOrDefault(transport, Availability.no("unknown"));
    if (!availability.here()) {
      throw new IOException(transport + " is not available: " + availability.reason());
    }
    return transport;
  }
}
