package iomodels.program;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How a program is to be started.
 *
 * @param address where to listen; port 0 for one that the system chooses
 * @param backlog how many connections may wait to be accepted
 * @param gracePeriod how long {@code close()} waits for conversations to end by themselves
 * @param upstreams {@code relay}: the one; {@code gather}: those that are asked, in order
 * @param deadline {@code gather}: how long a request may take; {@code relay}: how long to wait for
 *     the upstream to accept
 * @param backOff {@code gather}: how long to wait before a retry
 * @param outbox {@code chat}: as many bytes wait for a member who does not read before it is
 *     dropped
 * @param folder {@code offload}: what may be read lies here
 * @param workers {@code offload}: how many work at a time
 * @param queue {@code offload}: how many requests may wait for them
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

  /** Whatever is counted is at least one. */
  public ProgramConfig {
    if (outbox < 1 || workers < 1 || queue < 1) {
      throw new IllegalArgumentException(
          "outbox %d, workers %d, queue %d: less than one".formatted(outbox, workers, queue));
    }
    upstreams = List.copyOf(upstreams);
  }

  /** How many bytes a relay may hold for each direction, besides what the kernel holds. */
  public static final int RELAY_BYTES = 1 << 20;

  /** On a loopback port that the system chooses, with those upstreams, all else at its default. */
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
   * Refuses an upstream that is the relay itself, which would connect to itself until descriptors
   * run out. A loop through another relay cannot be seen from here.
   *
   * @param listening where the relay listens, with its real port
   * @throws IOException if the upstream has that port, on the same address or, where the program
   *     listens on all of them, on any address of this machine
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
      return false; // A name without an address leads nowhere.
    }
    if (to.isAnyLocalAddress()) {
      return at.isAnyLocalAddress() || at.isLoopbackAddress(); // Linux takes it for loopback.
    }
    if (!at.isAnyLocalAddress()) {
      return to.equals(at);
    }
    return to.isLoopbackAddress() || NetworkInterface.getByInetAddress(to) != null;
  }

  /** The same, listening there. */
  public ProgramConfig at(InetSocketAddress wanted) {
    return new ProgramConfig(
        wanted, backlog, gracePeriod, upstreams, deadline, backOff, outbox, folder, workers, queue);
  }

  /** The same, with that deadline. */
  public ProgramConfig within(Duration wanted) {
    return new ProgramConfig(
        address, backlog, gracePeriod, upstreams, wanted, backOff, outbox, folder, workers, queue);
  }

  /** The same, reading files of that folder. */
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
