package iomodels.conformance.rules;

import static iomodels.conformance.Bound.GROWTH;
import static iomodels.conformance.Bound.HELD;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.STALLED;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.SocketQueues;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 5: a client that does not read delays only itself. */
final class Section05BackPressure {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "5.01",
              MUST,
              "The server MUST stop reading from a client that never reads its replies.",
              "A server that reads on has to queue the replies, and one fast sender exhausts"
                  + " its heap. If the server stops reading, its receive window closes and TCP"
                  + " stops the sender (RFC 9293, section 3.8.6).",
              UPPER,
              Set.of(),
              Section05BackPressure::stopsReading),
          new Rule(
              "5.02",
              MUST,
              "The server MUST deliver every byte to a client that repeatedly stops reading"
                  + " and resumes.",
              "Clients pause, for instance on mobile networks. If the server loses one"
                  + " wake-up, the connection hangs forever; with edge-triggered epoll it is"
                  + " enough to stop before EAGAIN (epoll(7)).",
              UPPER,
              Set.of(),
              Section05BackPressure::resumes),
          new Rule(
              "5.03",
              MUST,
              "The server MUST bound the memory that it uses for clients that request large"
                  + " replies and do not read them.",
              "A client needs a few bytes to request a large reply. If the server builds the"
                  + " reply in memory, a few such clients exhaust it: HTTP/2 servers were attacked"
                  + " in this way (CVE-2019-9517, \"Internal Data Buffering\").",
              FLOOD,
              Set.of(Precondition.PROCESS),
              Section05BackPressure::boundsMemory),
          new Rule(
              "5.04",
              MUST,
              "The server MUST NOT let a client that does not read delay other clients.",
              "A blocking write on a shared thread, or under a shared lock, lets one stalled"
                  + " client stop the whole service. A server with several clients must never block"
                  + " for a single one (Stevens, UNP vol. 1, section 6.8).",
              FLOOD,
              Set.of(Precondition.CONCURRENT),
              Scheduling.TIMED,
              Section05BackPressure::delaysNobody));

  private static final int SMALL = 16 * 1024;

  /** Several times the size of all buffers between client and server. */
  private static final long VOLUME = 16L << 20;

  private static final int WINDOW = 64 * 1024;
  private static final long STRETCH = 1L << 20;
  private static final int STRETCHES = 3;
  private static final long REPLY_LENGTH = 20_000_000;
  private static final long ENDLESS = 9_999_999_999_999L;

  /** Used if the kernel's maximum cannot be read. */
  private static final long LARGEST_BUFFER = 6L << 20;

  private Section05BackPressure() {}

  private static void stopsReading(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connectWithBuffers(WINDOW);
    HeldBytes.demandFew(
        "a server",
        peer,
        peer,
        Text.stream(context.random().nextInt()),
        context.count(HELD),
        Kernel.buffers() + 4 * WINDOW); // The kit's buffers do not grow.
  }

  /** Returns the kernel's maximum size of a socket buffer: {@code tcp_rmem} or {@code tcp_wmem}. */
  static long largest(String name) {
    try {
      // In one read: a second read of this file would return nothing.
      List<String> lines = Files.readAllLines(Path.of("/proc/sys/net/ipv4", name));
      return Long.parseLong(lines.getFirst().strip().split("\\s+", -1)[2]);
    } catch (IOException | NumberFormatException _) {
      return LARGEST_BUFFER;
    }
  }

  private static void resumes(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connectWithWindow(WINDOW);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    Peer.BytePattern replies = Text.upper(stream);
    peer.whileSending(
        () -> peer.sendStream(stream, VOLUME),
        () -> {
          for (int i = 0; i < STRETCHES; i++) {
            peer.pauseUntilFull(); // Also if the kernel has accepted everything that is sent.
            peer.expectStream(replies.from(i * STRETCH), STRETCH);
          }
          long rest = STRETCHES * STRETCH;
          peer.expectStream(replies.from(rest), VOLUME - rest);
        });
    peer.send("and on");
    peer.expect("AND ON");
  }

  /** A server should produce a reply as the client reads it, however long the reply is. */
  private static void boundsMemory(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launch(0);
    CostMeter meter = context.meter(server);
    Peer first = context.connect(server);
    first.send(REPLY_LENGTH + "\n");
    first.expectStream(Text::flood, REPLY_LENGTH);
    first.close();
    int clients = context.atOnce(context.count(STALLED));
    long before = meter.now().residentBytes();
    long allowed = context.count(GROWTH) + (long) clients * context.count(HELD);
    // Long enough that complete replies would exceed the bound, even with few clients.
    long each = Math.max(REPLY_LENGTH, 4 * allowed / clients);
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Peer peer = context.connectWithWindow(server, SMALL);
      peer.send(each + "\n");
      peer.expect(new byte[] {0});
      peers.add(peer);
    }
    long last = before;
    long deadline = System.nanoTime() + context.patience().toNanos();
    for (int quiet = 0; quiet < 3 && System.nanoTime() < deadline; ) {
      TimeUnit.MILLISECONDS.sleep(150);
      long now = meter.now().residentBytes();
      if (now - before > allowed) {
        throw new Broken(
            "at most %,d more bytes of memory with %d clients that do not read"
                .formatted(allowed, clients),
            "its memory grew by %,d".formatted(now - before));
      }
      quiet = now - last < (1 << 20) && allAreFull(peers) ? quiet + 1 : 0;
      last = now;
    }
    context.note("sees the server's memory grow by %,d bytes".formatted(last - before));
  }

  /** Returns whether the server has written to each client as much as the kernel takes. */
  private static boolean allAreFull(List<Peer> peers) {
    SocketQueues queues = SocketQueues.now();
    return peers.stream()
        .flatMap(it -> it.progress(queues).stream())
        .allMatch(it -> it.unacknowledged() > 0);
  }

  private static void delaysNobody(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer stalled = context.connectWithWindow(SMALL);
    stalled.send(ENDLESS + "\n");
    stalled.pauseUntilFull();
    Peer ping = context.connect();
    long[] nanos = new long[25];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      ping.send("1\n");
      ping.expect(new byte[] {0});
      nanos[i] = System.nanoTime() - start;
    }
    Timing.demandMedian(nanos, context.time(PING), "a reply beside a client that does not read");
  }
}
