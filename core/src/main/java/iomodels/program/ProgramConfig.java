package iomodels.program;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The configuration of a program.
 *
 * @param address the address to listen on; for port 0, the system chooses a free port
 * @param backlog the maximum number of connections in the kernel's accept queue, as in listen(2)
 * @param gracePeriod how long {@code close()} waits for connections to end by themselves
 * @param upstreams {@code relay}: the upstream; {@code gather}: the backends, in order
 * @param deadline {@code gather}: the time limit of a request; {@code relay}: the time limit of
 *     connecting to the upstream; {@code http}: the time limit of the head of a request
 * @param backOff {@code gather}: the pause before a retry
 * @param outbox {@code chat}: the number of pending bytes at which a further line drops a member
 *     that does not read
 * @param folder {@code offload}, {@code http}: the folder of the files that clients may read
 * @param workers {@code offload}: the maximum number of tasks that run at a time
 * @param queue {@code offload}: the maximum number of tasks that wait
 */
public record ProgramConfig(
    InetSocketAddress address,
    int backlog,
    Duration gracePeriod,
    List<InetSocketAddress> upstreams,
    Duration deadline,
    Duration backOff,
    int outbox,
    Path folder,
    int workers,
    int queue) {

  /** Checks that outbox, workers and queue are at least 1. */
  public ProgramConfig {
    if (outbox < 1 || workers < 1 || queue < 1) {
      throw new IllegalArgumentException(
          "outbox %d, workers %d, queue %d: each must be at least 1"
              .formatted(outbox, workers, queue));
    }
    upstreams = List.copyOf(upstreams);
  }

  /**
   * The maximum number of bytes that a relay buffers per direction, besides the kernel's buffers.
   */
  public static final int RELAY_BYTES = 1 << 20;

  /** {@code http}: the usual time limit of the head of a request. */
  public static final Duration HEAD_LIMIT = Duration.ofSeconds(10);

  /** Returns the default configuration, on a free loopback port, with the given upstreams. */
  public static ProgramConfig onLoopback(List<InetSocketAddress> upstreams) {
    return new ProgramConfig(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        1024,
        Duration.ofSeconds(3),
        upstreams,
        Duration.ofSeconds(1),
        Duration.ofMillis(100),
        64 * 1024,
        Path.of("."),
        2,
        2);
  }

  /**
   * Checks that no upstream is the program itself: it would connect to itself until descriptors run
   * out. A loop through another relay cannot be detected here.
   *
   * @param listening the address that the program listens on, with its actual port
   * @throws IOException if an upstream has that port and that address, or that port and any address
   *     of this machine while the program listens on the wildcard address
   */
  public void demandUpstreamElsewhere(InetSocketAddress listening) throws IOException {
    for (InetSocketAddress upstream : upstreams) {
      if (upstream.getPort() == listening.getPort() && isWithin(upstream, listening)) {
        throw new IOException(
            "the upstream %s:%d is this program itself; name another one"
                .formatted(upstream.getHostString(), upstream.getPort()));
      }
    }
  }

  private static boolean isWithin(InetSocketAddress upstream, InetSocketAddress listening)
      throws IOException {
    InetAddress to = upstream.getAddress();
    InetAddress at = listening.getAddress();
    if (to == null) {
      return false; // The name was not resolved.
    }
    if (to.isAnyLocalAddress()) {
      return at.isAnyLocalAddress() || at.isLoopbackAddress(); // Linux connects to loopback.
    }
    if (!at.isAnyLocalAddress()) {
      return to.equals(at);
    }
    return to.isLoopbackAddress() || NetworkInterface.getByInetAddress(to) != null;
  }

  /** Returns a copy with another address. */
  public ProgramConfig at(InetSocketAddress wanted) {
    return new ProgramConfig(
        wanted, backlog, gracePeriod, upstreams, deadline, backOff, outbox, folder, workers, queue);
  }

  /** Returns a copy with another deadline. */
  public ProgramConfig within(Duration wanted) {
    return new ProgramConfig(
        address, backlog, gracePeriod, upstreams, wanted, backOff, outbox, folder, workers, queue);
  }

  /** Returns a copy with another folder. */
  public ProgramConfig reading(Path wanted) {
    return new ProgramConfig(
        address,
        backlog,
        gracePeriod,
        upstreams,
        deadline,
        backOff,
        outbox,
        wanted,
        workers,
        queue);
  }
}
