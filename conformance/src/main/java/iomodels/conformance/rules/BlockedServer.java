package iomodels.conformance.rules;

import static iomodels.conformance.Bound.ABORTS;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Brings a server into the state in which it has read everything, and has output that the kernel
 * does not take. What a client sends next, such as FIN, finds the server blocked. If the kernel
 * does not list the sockets, the client sends until all buffers are full.
 */
final class BlockedServer {

  /**
   * How many bytes a server holds: few enough for it to have read everything, and more than the
   * buffers of two connections differ by.
   */
  static final List<Integer> BEYOND = List.of(4 * 1024, 12 * 1024);

  private static final long INTERVAL_MILLIS = 60;

  /**
   * Waiting for the state ends after this time: the machine is busy, or the buffers are smaller.
   */
  private static final Duration BLOCKS_WITHIN = Duration.ofSeconds(5);

  /** The smaller a client's buffer is, the less does the server's kernel hold for it. */
  private static final int TINY_WINDOW = 1024;

  private static final int AT_ONCE = 40;
  private static final int MOST_ROUNDS = 8;

  /** On a busy machine a client resets before the server is blocked, which is no fault. */
  private static final Duration RESETS_WITHIN = Duration.ofSeconds(2);

  private BlockedServer() {}

  /** Returns how many bytes the server has written to a client, as far as is known. */
  static OptionalLong given(Peer peer) {
    return peer.progress().stream().mapToLong(Peer.Progress::given).findFirst();
  }

  /**
   * Sends requests whose replies are a little longer than what the kernel takes, and waits until
   * the server holds the rest. How long the replies have to be depends on the size of buffers only,
   * not on time.
   *
   * @param given how many bytes the server has written to another client, whose buffers are full
   * @param beyond how many bytes more the replies have
   * @return the number of bytes that were sent
   */
  static long block(Peer peer, Exchange.Flow flow, OptionalLong given, int beyond, long atMost)
      throws Broken, InterruptedException {
    if (given.isEmpty()) {
      return peer.sendUntilFull(flow.requests(), atMost);
    }
    long all = Math.min(given.getAsLong() + beyond, atMost);
    long sent = peer.sendUntilFull(flow.requests(), all);
    long deadline = System.nanoTime() + BLOCKS_WITHIN.toNanos();
    while (!hasRead(peer, sent, given.getAsLong() - beyond) && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(INTERVAL_MILLIS);
    }
    return sent;
  }

  private static boolean hasRead(Peer peer, long sent, long given) {
    return peer.progress().filter(it -> it.taken() < sent || it.given() < given).isEmpty();
  }

  /**
   * Waits until the server has written to each client as much as the kernel takes, for this long at
   * most. If the kernel does not list the sockets, waits until one client's buffers are full.
   */
  static void await(List<Peer> peers, Duration atMost) throws Broken, InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    if (peers.getLast().progress().isEmpty()) {
      peers.getLast().pauseUntilFull();
      return;
    }
    while (System.nanoTime() - deadline < 0) {
      if (areFull(peers)) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(INTERVAL_MILLIS);
    }
  }

  /** Returns whether the server has written to each client as much as the kernel takes. */
  static boolean areFull(List<Peer> clients) {
    return clients.stream()
        .flatMap(it -> it.progress().stream())
        .allMatch(it -> it.unacknowledged() > 0);
  }

  /**
   * Lets clients of {@code flood} reset while the server is blocked. A server that waits to write
   * learns of a reset otherwise than one that reads or writes.
   *
   * @return the number of clients
   */
  static int reset(TestContext context, InetSocketAddress server)
      throws Broken, IOException, InterruptedException {
    int rounds = Math.clamp(context.count(ABORTS) / 500, 1, MOST_ROUNDS);
    // A server with a limit may not have noticed any of the resets when the last round begins.
    int beside = Math.max(1, context.atOnce(rounds * AT_ONCE) / rounds);
    for (int round = 0; round < rounds; round++) {
      List<Peer> peers = new ArrayList<>();
      for (int i = 0; i < beside; i++) {
        Peer peer = context.connectTo(server, TINY_WINDOW);
        peer.send(LongReply.LENGTH + "\n");
        peers.add(peer);
      }
      await(peers, RESETS_WITHIN);
      for (Peer each : peers) {
        each.reset();
      }
    }
    return rounds * beside;
  }
}
