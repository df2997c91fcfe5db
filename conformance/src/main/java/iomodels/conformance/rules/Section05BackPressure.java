package iomodels.conformance.rules;

import static iomodels.conformance.Bound.GROWTH;
import static iomodels.conformance.Bound.HELD;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.STALLED;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.DISCARD;
import static iomodels.service.Services.ECHO;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

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
              Exchange.TEXT,
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
              Exchange.PIPELINING,
              Set.of(),
              Section05BackPressure::resumes),
          new Rule(
              "5.03",
              MUST,
              "The server MUST bound the memory that it uses for clients that request large"
                  + " replies and do not read them, or that send a long stream.",
              "A client needs a few bytes to request a large reply. If the server builds the"
                  + " reply in memory, a few such clients exhaust it: HTTP/2 servers were attacked"
                  + " in this way (CVE-2019-9517, \"Internal Data Buffering\").",
              List.of(FLOOD, UPPER, ECHO, LINES, DISCARD),
              Set.of(Precondition.PROCESS),
              Section05BackPressure::boundsMemory),
          new Rule(
              "5.04",
              MUST,
              "The server MUST NOT let a client that does not read delay other clients.",
              "A blocking write on a shared thread, or under a shared lock, lets one stalled"
                  + " client stop the whole service. A server with several clients must never block"
                  + " for a single one (Stevens, UNP vol. 1, section 6.8).",
              Exchange.PIPELINING_FLOOD_FIRST,
              Set.of(Precondition.CONCURRENT),
              Scheduling.TIMED,
              Section05BackPressure::delaysNobody));

  private static final int SMALL = 16 * 1024;

  /** Length of replies that do not fit into a client's window, but into the kernel's buffers. */
  private static final int IN_THE_KERNEL = 300_000;

  private static final int FINISHED = 3;
  private static final Duration BETWEEN_PINGS = Duration.ofMillis(5);

  /** A little less than the shortest time for which SO_LINGER can make a server wait. */
  private static final Duration NO_PAUSE = Duration.ofMillis(800);

  /** On a busy machine the server may read later, which is no fault. */
  private static final Duration READ = Duration.ofSeconds(1);

  /** The smaller a client's buffer is, the less does the server's kernel hold for it. */
  private static final int TINY = 1024;

  /** Enough that replies of the shorter length exceed the bound if the server holds them. */
  private static final int MORE_STALLED = 128;

  /** A reply that a server may think small enough to be built in memory. */
  private static final long SHORTER = 4_200_000;

  /** As many counts are sent as several times what a server may hold. */
  private static final int TIMES_HELD = 12;

  /** Several times the size of all buffers between client and server. */
  private static final long VOLUME = 16L << 20;

  private static final int WINDOW = 64 * 1024;

  private static final int PINGS = 25;
  private static final int SENDERS = 20;

  /** Time limit for a server that reads slowly. */
  private static final Duration STALL_LIMIT = Duration.ofSeconds(60);

  private static final long STRETCH = 1L << 20;
  private static final int STRETCHES = 3;
  private static final long REPLY_LENGTH = LongReply.LENGTH;
  private static final long ENDLESS = 9_999_999_999_999L;

  /** Used if the kernel's maximum cannot be read. */
  private static final long LARGEST_BUFFER = 6L << 20;

  private Section05BackPressure() {}

  private static void stopsReading(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connectWithBuffers(WINDOW);
    Exchange.Flow flow = Exchange.of(context).flow(context.random().nextInt());
    HeldBytes.demandFew(
        "a server",
        peer,
        peer,
        flow.requests(),
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
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connectWithWindow(WINDOW);
    Exchange.Flow flow = exchange.flow(context.random().nextInt());
    long length = flow.whole(exchange.requesting(VOLUME));
    Peer.BytePattern replies = flow.replies();
    peer.whileSending(
        () -> peer.sendStream(flow.requests(), length),
        () -> {
          for (int i = 0; i < STRETCHES; i++) {
            peer.pauseUntilFull(); // Also if the kernel has accepted everything that is sent.
            peer.expectStream(replies.from(i * STRETCH), STRETCH);
          }
          long rest = STRETCHES * STRETCH;
          peer.expectStream(replies.from(rest), flow.due(length) - rest);
        });
    exchange.hold(peer, 1);
  }

  /** A server should produce a reply as the client reads it, however long the reply is. */
  private static void boundsMemory(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Instance server = context.launchAlone();
    CostMeter meter = context.meter(server);
    if (!exchange.is(FLOOD)) {
      boundsMemoryForSenders(context, exchange, server, meter);
      return;
    }
    Peer first = context.connect(server);
    first.send(REPLY_LENGTH + "\n");
    first.expectStream(Text::flood, REPLY_LENGTH);
    first.close();
    boundsReadAhead(context, server);
    long before = meter.now().residentBytes();
    int clients = context.atOnce(context.count(STALLED));
    long allowed = context.count(GROWTH) + (long) clients * context.count(HELD);
    // Long enough that complete replies would exceed the bound, even with few clients.
    long each = Math.max(REPLY_LENGTH, 4 * allowed / clients);
    List<Peer> peers = new ArrayList<>();
    stall(context, server, clients, each, peers);
    demandFewBytes(context, meter, before, peers, exchange);
    peers.forEach(Peer::close); // The kernel holds some megabytes for each of them.
    peers.clear();
    stall(context, server, context.atOnce(MORE_STALLED), SHORTER, peers);
    long last = demandFewBytes(context, meter, before, peers, exchange);
    context.note("sees the server's memory grow by %,d bytes".formatted(last - before));
  }

  /** Clients that ask for replies of this length, and receive one byte. */
  private static void stall(
      TestContext context, Instance server, int clients, long length, List<Peer> peers)
      throws Broken, IOException {
    for (int i = 0; i < clients; i++) {
      Peer peer = context.connectWithWindow(server, TINY);
      LongReply.begin(peer, length, "");
      peers.add(peer);
    }
  }

  /** Demands that memory grows little, until it stops growing; returns how much the server has. */
  private static long demandFewBytes(
      TestContext context, CostMeter meter, long before, List<Peer> peers, Exchange exchange)
      throws Broken, IOException, InterruptedException {
    long allowed = context.count(GROWTH) + (long) peers.size() * context.count(HELD);
    long last = before;
    long deadline = System.nanoTime() + context.patience().toNanos();
    for (int quiet = 0; quiet < 3 && System.nanoTime() < deadline; ) {
      TimeUnit.MILLISECONDS.sleep(150);
      long now = meter.now().residentBytes();
      demandGrowth(now - before, allowed, peers.size(), exchange);
      quiet = now - last < (1 << 20) && BlockedServer.areFull(peers) ? quiet + 1 : 0;
      last = now;
    }
    return last;
  }

  /** One reply without end is pending: a server that goes on reading keeps the further counts. */
  private static void boundsReadAhead(TestContext context, Instance server)
      throws Broken, IOException, InterruptedException {
    byte[] count = (ENDLESS + "\n").getBytes(US_ASCII);
    Peer.BytePattern counts =
        (into, length, position) -> {
          for (int i = 0; i < length; i++) {
            into[i] = count[(int) ((position + i) % count.length)];
          }
        };
    try (Peer peer = context.connectWithBuffers(server, SMALL)) {
      peer.sendUntilFull(counts, (long) TIMES_HELD * context.count(HELD));
      HeldBytes.demandFewRead("a server", peer, context.count(HELD));
    } catch (Broken e) {
      throw e.at("counts without end, from a client that does not read the replies");
    }
  }

  /** Clients that send more than the server may keep, and do not read. */
  private static void boundsMemoryForSenders(
      TestContext context, Exchange exchange, Instance server, CostMeter meter)
      throws Broken, IOException, InterruptedException {
    Peer first = context.connect(server);
    exchange.hold(first, 1);
    first.close();
    int clients = context.atOnce(SENDERS);
    long before = meter.now().residentBytes();
    long allowed = context.count(GROWTH) + (long) clients * context.count(HELD);
    long each = 5 * allowed / (4L * clients);
    AtomicInteger sending = new AtomicInteger(clients);
    List<Thread> senders = new ArrayList<>();
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Peer peer = context.connectWithBuffers(server, SMALL);
      peers.add(peer);
      Exchange.Flow flow = exchange.flow(context.random().nextInt());
      senders.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      peer.sendUntilFull(flow.requests(), each);
                    } catch (Broken _) {
                      // A server may end the connection of a client that does not read.
                    } catch (InterruptedException _) {
                      Thread.currentThread().interrupt();
                    } finally {
                      sending.decrementAndGet();
                    }
                  }));
    }
    long most = before;
    try {
      long deadline = System.nanoTime() + STALL_LIMIT.toNanos();
      boolean ended = false;
      while (!ended && System.nanoTime() - deadline < 0) {
        ended = sending.get() == 0; // Once more after the end.
        long now = meter.now().residentBytes();
        most = Math.max(most, now);
        demandGrowth(now - before, allowed, clients, exchange);
        TimeUnit.MILLISECONDS.sleep(50);
      }
    } finally {
      peers.forEach(Peer::close);
      for (Thread sender : senders) {
        sender.join();
      }
    }
    context.note("sees the server's memory grow by %,d bytes".formatted(most - before));
  }

  private static void demandGrowth(long grown, long allowed, int clients, Exchange exchange)
      throws Broken {
    if (grown > allowed) {
      throw new Broken(
          "at most %,d more bytes of memory with %d clients that %s"
              .formatted(
                  allowed, clients, exchange.answers() ? "do not read" : "send a long stream"),
          "its memory grew by %,d".formatted(grown));
    }
  }

  private static void delaysNobody(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    int clients = context.atOnce(context.count(STALLED) + 1) - 1;
    List<Peer> stalled = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Peer peer =
          exchange.is(FLOOD) ? context.connectWithWindow(TINY) : context.connectWithBuffers(SMALL);
      stalled.add(peer);
      if (exchange.is(FLOOD)) {
        peer.send(ENDLESS + "\n");
      }
    }
    if (!exchange.is(FLOOD)) {
      stallAll(stalled, exchange);
    }
    BlockedServer.await(stalled, context.patience());
    Peer ping = context.connect();
    long[] nanos = exchange.roundTrips(ping, PINGS);
    Timing.demandMedian(
        nanos, context.time(PING), "a reply beside clients that do not read their replies");
    closesWithoutWaiting(context, exchange, ping);
  }

  /**
   * Clients that have finished, and whose replies the kernel has taken, but not they: nothing is
   * left for the server to do but to close, for which SO_LINGER would make it wait.
   */
  private static void closesWithoutWaiting(TestContext context, Exchange exchange, Peer ping)
      throws Broken, IOException, InterruptedException {
    Exchange.Flow flow = exchange.flow(context.random().nextInt());
    long requests = flow.whole(exchange.requesting(IN_THE_KERNEL));
    for (int i = 0; i < FINISHED; i++) {
      Peer finished = context.connectWithWindow(SMALL);
      finished.sendUntilFull(flow.requests(), requests);
      finished.finishSending();
      finished.awaitRead(READ);
      for (int j = 0; j < FINISHED; j++) {
        ping.send(exchange.request(j));
        try {
          ping.expectWithin(NO_PAUSE, exchange.reply(j));
        } catch (Broken e) {
          throw e.at(
              "beside a client that has sent FIN, and does not read the rest of its replies");
        }
        finished.pause(BETWEEN_PINGS);
      }
    }
  }

  /** Each client sends until the server stops reading. */
  private static void stallAll(List<Peer> peers, Exchange exchange) throws InterruptedException {
    List<Thread> senders = new ArrayList<>();
    for (Peer peer : peers) {
      Exchange.Flow flow = exchange.flow(senders.size());
      senders.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      peer.sendUntilFull(flow.requests(), VOLUME);
                    } catch (Broken _) {
                      // The rule is about the other clients.
                    } catch (InterruptedException _) {
                      Thread.currentThread().interrupt();
                    }
                  }));
    }
    for (Thread each : senders) {
      each.join();
    }
  }
}
