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

/** Finds the transports of Netty that work on this machine. Safe for use by several threads. */
public final class Transports {

  /** Observed with Netty 4.2.18: {@link Acceptor} pauses NIO and epoll, but not io_uring. */
  private static final String IO_URING_CAVEAT =
      "accepts in a busy loop while descriptors are exhausted";

  private Transports() {}

  /** All transports, the preferred one first, and whether each works on this machine. */
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

  /** The reason why a transport does not work on this machine; empty if it works. */
  public static Optional<Throwable> unavailabilityCause(Transport transport) {
    return switch (transport) {
      case NIO -> Optional.empty();
      case EPOLL -> Optional.ofNullable(Epoll.unavailabilityCause());
      case IO_URING -> Optional.ofNullable(IoUring.unavailabilityCause());
    };
  }

  /** The default transport: epoll if it works, otherwise NIO. */
  public static Transport best() {
    return Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO;
  }

  /**
   * Returns the transport in the configuration or, if there is none, the default.
   *
   * @throws IOException if the transport does not work on this machine; the message has the reason
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
