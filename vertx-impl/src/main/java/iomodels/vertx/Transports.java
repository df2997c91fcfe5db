package iomodels.vertx;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import java.io.IOException;
import java.net.BindException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Which of Netty's transports there are here. */
final class Transports {

  /** Seen with Netty 4.2.18; NIO and epoll pause for a second. */
  private static final String IO_URING_CAVEAT =
      "accepts in a busy loop while descriptors are exhausted";

  private Transports() {}

  static Map<Transport, Availability> here() {
    Map<Transport, Availability> transports = new LinkedHashMap<>();
    transports.put(
        Transport.EPOLL, Availability.unless(Optional.ofNullable(Epoll.unavailabilityCause()), ""));
    transports.put(Transport.NIO, Availability.yes());
    transports.put(
        Transport.IO_URING,
        Availability.unless(Optional.ofNullable(IoUring.unavailabilityCause()), IO_URING_CAVEAT));
    return transports;
  }

  static Transport best() {
    return Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO;
  }

  /**
   * The one that is asked for, or else the best.
   *
   * @throws IOException if it is not available here
   */
  static Transport choose(ServerConfig config) throws IOException {
    Transport transport = config.transport().orElseGet(Transports::best);
    Availability availability = here().getOrDefault(transport, Availability.no("unknown"));
    if (!availability.here()) {
      throw new IOException(transport + " is not available: " + availability.reason());
    }
    return transport;
  }

  /**
   * Why a server does not listen. Netty's native transports have an exception of their own for what
   * bind(2) refuses; and an event loop gets its thread when it is first used.
   */
  static IOException bindFailure(Throwable failure) {
    if (failure instanceof OutOfMemoryError shortage) {
      return Workers.noThread(shortage);
    }
    String message = String.valueOf(failure.getMessage());
    if (message.startsWith("bind(")) {
      return new BindException(message);
    }
    return failure instanceof IOException io ? io : new IOException(failure);
  }
}
