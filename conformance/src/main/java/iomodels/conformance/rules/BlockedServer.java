package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.SocketQueues;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Brings a server into the state in which it has read everything, and has output that the kernel
 * does not take. What a client sends next, such as FIN, finds the server blocked. If the kernel
 * does not list the sockets, the client sends until all buffers are full.
 */
final class BlockedServer {

  /** Less than a server usually reads at once, so that it leaves no part of it unread. */
  private static final int STEP = 8192;

  /** By how much the buffers of two connections may differ, and what the server holds itself. */
  private static final int MARGIN = 64 * 1024;

  /** A server that is blocked leaves the rest unread, which is no fault. */
  private static final Duration READ = Duration.ofMillis(500);

  private static final long INTERVAL_MILLIS = 60;

  /**
   * Waiting for the state ends after this time: the machine is busy, or the buffers are smaller.
   */
  private static final Duration BLOCKS_WITHIN = Duration.ofSeconds(5);

  /** The smaller a client's buffer is, the less does the server's kernel hold for it. */
  private static final int TINY_WINDOW = 1024;

  private static final int AT_ONCE = 40;
  private static final int ROUNDS = 8;

  /** On a busy machine a client resets before the server is blocked, which is no fault. */
  private static final Duration UNTIL_BLOCKED = Duration.ofSeconds(2);

  private BlockedServer() {}

  /** Returns how many bytes the server has read of a client's requests, as far as is known. */
  static OptionalLong taken(Peer peer) {
    return peer.progress(SocketQueues.now()).stream().mapToLong(Peer.Progress::taken).findFirst();
  }

  /**
   * Sends requests until the server holds output that it cannot write.
   *
   * @param taken how many bytes the server has read of another client, whose buffers are full
   * @return the number of bytes that were sent
   */
  static long block(Peer peer, Exchange.Flow flow, OptionalLong taken, long atMost)
      throws Broken, InterruptedException {
    long begin = taken.isEmpty() ? atMost : Math.max(STEP, taken.getAsLong() - MARGIN);
    long sent = peer.sendUntilFull(flow.requests(), begin);
    peer.awaitRead(READ);
    long deadline = System.nanoTime() + BLOCKS_WITHIN.toNanos();
    while (taken.isPresent() && sent < begin + 4 * MARGIN && System.nanoTime() - deadline < 0) {
      boolean holds = holdsOutput(peer, flow.due(sent));
      if (holds && !isSlow(peer, begin - MARGIN)) {
        break;
      }
      if (!holds) {
        sent += peer.sendUntilFull(flow.requests().from(sent), STEP);
        peer.awaitRead(READ);
      }
    }
    return sent;
  }

  /**
   * Waits until the server has written to each client as much as the kernel takes, for this long at
   * most; returns at once if the kernel does not list the sockets.
   */
  static void await(List<Peer> peers, Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    List<Optional<Peer.Progress>> last = List.of();
    while (System.nanoTime() - deadline < 0) {
      SocketQueues queues = SocketQueues.now();
      List<Optional<Peer.Progress>> now = peers.stream().map(it -> it.progress(queues)).toList();
      boolean full = now.stream().flatMap(Optional::stream).allMatch(it -> it.unacknowledged() > 0);
      if (full && now.equals(last)) {
        return;
      }
      last = now;
      TimeUnit.MILLISECONDS.sleep(INTERVAL_MILLIS);
    }
  }

  /**
   * Lets clients of {@code flood} reset while the server is blocked. A server that waits to write
   * learns of a reset otherwise than one that reads or writes.
   *
   * @return the number of clients
   */
  static int reset(TestContext context) throws Broken, IOException, InterruptedException {
    int beside = context.atOnce(AT_ONCE);
    for (int round = 0; round < ROUNDS; round++) {
      List<Peer> peers = new ArrayList<>();
      for (int i = 0; i < beside; i++) {
        Peer peer = context.connectWithWindow(TINY_WINDOW);
        peer.send(LongReply.LENGTH + "\n");
        peers.add(peer);
      }
      await(peers, UNTIL_BLOCKED);
      for (Peer each : peers) {
        each.reset();
      }
    }
    return ROUNDS * beside;
  }

  /** A server that has written much less than to the other client is slow, and not blocked. */
  private static boolean isSlow(Peer peer, long least) {
    return peer.progress(SocketQueues.now()).filter(it -> it.given() < least).isPresent();
  }

  /** Returns whether the server has output that it does not get rid of. */
  private static boolean holdsOutput(Peer peer, long due) throws InterruptedException {
    long before = Long.MAX_VALUE;
    long held = HeldBytes.confirmed(peer, due, 0).orElse(0);
    while (held > 0 && held < before) { // It may only be slow.
      before = held;
      held = HeldBytes.confirmed(peer, due, 0).orElse(0);
    }
    return held > 0;
  }
}
