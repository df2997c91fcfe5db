package iomodels.conformance.rules;

import static iomodels.conformance.Bound.ABORTS;
import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.PAUSE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FLOOD;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 4: how conversations end. */
final class Section04Closing {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "4.01",
              MUST,
              "After the client's FIN, the server MUST send every pending reply and then FIN.",
              "A client that pipes a file into a connection sends FIN at its end and then reads the"
                  + " replies; a server that takes FIN for the end of the conversation loses them."
                  + " FIN closes one direction only (RFC 9293, section 3.6; Stevens, UNP vol. 1,"
                  + " sections 6.5 and 6.6).",
              Exchange.ANY_FLOOD_FIRST,
              Set.of(Precondition.HALF_CLOSE),
              Section04Closing::halfClose),
          new Rule(
              "4.02",
              MUST,
              "The server MUST close a connection soon after the client has closed its side.",
              "A server that does not close leaves its socket in CLOSE-WAIT, a state without"
                  + " a time-out (RFC 9293, section 3.3.2). Such sockets accumulate until no"
                  + " descriptors are left.",
              Exchange.ANY,
              Set.of(),
              Scheduling.TIMED,
              Section04Closing::closeInTime),
          new Rule(
              "4.03",
              MUST,
              "The server MUST survive clients that connect and close without sending"
                  + " anything.",
              "Health checks of load balancers and port scans do this all day. The connection"
                  + " may end before it is accepted, and accept can then fail with ECONNABORTED"
                  + " (accept(2); Stevens, UNP vol. 1, section 5.11): an accept loop that ends at"
                  + " the first error stops the service.",
              Exchange.ANY,
              Set.of(),
              Section04Closing::connectThenClose),
          new Rule(
              "4.04",
              MUST,
              "The server MUST survive RST in the middle of a request and in the middle of a"
                  + " reply.",
              "Clients crash, and users close their browsers. A write to a reset connection"
                  + " fails with EPIPE and raises SIGPIPE, which by default kills the process and"
                  + " with it every other client (Stevens, UNP vol. 1, section 5.13).",
              Exchange.ANY_FLOOD_FIRST,
              Set.of(),
              Section04Closing::resets),
          new Rule(
              "4.05",
              MUST,
              "The server MUST NOT send RST after a clean exchange, nor because it leaves"
                  + " input unread.",
              "Closing a socket that has unread input sends RST (RFC 1122, section 4.2.2.13), and"
                  + " RST can destroy the last reply before the client has read it, so that the"
                  + " client sees \"connection reset\" instead of the error message. RFC 9112,"
                  + " section 9.6, describes the remedy: send FIN, and read until the client's"
                  + " FIN.",
              Exchange.ANY_LINES_FIRST,
              Set.of(),
              Section04Closing::noReset),
          new Rule(
              "4.06",
              MUST,
              "The server MUST answer everything that a client sent before its FIN, however"
                  + " late the client reads, and then send FIN.",
              "When the FIN arrives, replies wait in the server's buffers and in the"
                  + " kernel's. A server that closes with SO_LINGER at 0, or drops its own buffers,"
                  + " truncates the last replies (Stevens, UNP vol. 1, section 7.5).",
              Exchange.PIPELINING_FLOOD_FIRST,
              Set.of(Precondition.HALF_CLOSE),
              Scheduling.WAITING,
              Section04Closing::readsLate),
          new Rule(
              "4.07",
              MUST,
              "After thousands of clients have sent a few bytes and reset, the server MUST"
                  + " NOT retain any of their sockets or threads, and MUST stop in time.",
              "A reset can meet a connection in any state, and each state needs its own"
                  + " cleanup. A leak of one socket in a thousand resets passes ordinary tests and"
                  + " exhausts the descriptors (EMFILE, accept(2)) weeks later.",
              Exchange.ANY,
              Set.of(Precondition.LIFE, Precondition.PROCESS),
              context -> storm(context, "a few bytes")),
          new Rule(
              "4.08",
              MUST,
              "After thousands of clients have reset in the middle of a line, the server MUST"
                  + " NOT retain any of their sockets or threads, and MUST stop in time.",
              "A thread that waits for the rest of a line is not woken if its connection is"
                  + " cleaned up elsewhere. Each such client then costs a thread and its stack"
                  + " until the process is restarted.",
              Exchange.REFUSING,
              Set.of(Precondition.LIFE, Precondition.PROCESS),
              context -> storm(context, "half a line")),
          new Rule(
              "4.09",
              MUST,
              "After its own FIN, the server MUST continue to read, for a limited time, until the"
                  + " client's FIN.",
              "A client that has not seen the FIN yet goes on sending. If the server has closed"
                  + " its socket, the kernel answers with RST, which can destroy the error message"
                  + " before the client has read it (RFC 9112, section 9.6, describes this"
                  + " \"lingering\" close).",
              Exchange.REFUSING,
              Set.of(),
              Section04Closing::readsOnAfterItsFin));

  private static final long REPLY_LENGTH = LongReply.LENGTH;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final int HALF_CLOSERS = 100;
  private static final int MAX_BATCH = 1_000;
  private static final int TRIES = 5;
  private static final int AT_ONCE = 50;

  /** Of so many clients that end at the same time, one resets. */
  private static final int RESETS = 5;

  private static final int SILENT = 20;
  private static final int ROUNDS_OF_RESETS = 3;

  private static final String TOO_SLOW =
      "the kit was too slow each time: the server may have closed by then";

  /** Longer than a server lingers. */
  private static final Duration LONG_AGO = Duration.ofMillis(2_500);

  /** CONTRACT.md: a server reads on after its FIN for at least this time. */
  private static final Duration LEAST_LINGER = Duration.ofMillis(200);

  /** CONTRACT.md: a server has closed the connection of a silent client after this time. */
  private static final Duration MOST_LINGER = Duration.ofSeconds(10);

  /** How many clients are silent after the server's FIN, and asked whether it still reads. */
  private static final int PROBES = 3;

  private static final Duration BETWEEN_PARTS = Duration.ofMillis(30);
  private static final int PARTS = 3;

  /** Three of them fit into the kernel's buffers: the server may read them slowly. */
  private static final int LONG_PART = 100_000;

  /** More than the kernel's buffers hold. */
  private static final long SEND_LIMIT = 32 << 20;

  private static final int ABORTS_BETWEEN_CHECKS = 100;
  private static final int EQUAL_SAMPLES = 6;
  private static final long POLL_INTERVAL_MILLIS = 50;

  private Section04Closing() {}

  private static void halfClose(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    demandReplies(context, exchange);
    if (exchange.is(FLOOD)) {
      // Much more data than fits into the kernel's buffers, and a reader that begins late.
      Peer slow = context.connectWithWindow(SMALL_WINDOW);
      slow.send(REPLY_LENGTH + "\n");
      slow.finishSending();
      slow.pauseUntilFull();
      slow.expectStream(Text::flood, REPLY_LENGTH);
      slow.expectFin();
      slow.close();
    }
    // Request and FIN together: the FIN may arrive before the server has read the request.
    for (int i = 0; i < HALF_CLOSERS; i++) {
      Peer peer = context.connect();
      if (exchange.is(FLOOD)) {
        long length = context.random().nextLong(1, 100_000);
        peer.send("3\n" + length + "\n");
        peer.finishSending();
        peer.expect(new byte[] {0, 1, 2});
        peer.expectStream(Text::flood, length);
      } else {
        peer.send(exchange.request(i));
        peer.finishSending();
        peer.expect(exchange.reply(i));
      }
      peer.expectFin();
      peer.close();
    }
    endAtOnce(context, exchange);
  }

  /** A server that always takes FIN for the end of the conversation is told so. */
  private static void demandReplies(TestContext context, Exchange exchange)
      throws Broken, IOException, InterruptedException {
    int lost = 0;
    Optional<Broken> first = Optional.empty();
    long deadline = System.nanoTime() + context.patience().toNanos();
    for (int i = 0; i < TRIES && System.nanoTime() - deadline < 0; i++) {
      try (Peer peer = context.connect()) {
        peer.send(exchange.request(i));
        peer.finishSending();
        peer.expect(exchange.reply(i));
        peer.expectFin();
      } catch (Broken e) {
        lost++;
        first = first.or(() -> Optional.of(e));
      }
    }
    if (lost > 0) {
      String who = lost == TRIES ? "every client that sent" : "%d of %d clients that sent";
      throw first
          .orElseThrow()
          .at((who + " a request and FIN lost something").formatted(lost, TRIES));
    }
  }

  /** Many clients end at the same time; some of them reset. */
  private static void endAtOnce(TestContext context, Exchange exchange)
      throws Broken, IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    int clients = context.atOnce(AT_ONCE);
    for (int i = 0; i < clients; i++) {
      Peer peer = context.connect();
      exchange.hold(peer, i);
      peers.add(peer);
    }
    for (int i = 0; i < clients; i++) {
      peers.get(i).send(exchange.request(i));
      if (i % RESETS == RESETS - 1) {
        peers.get(i).reset();
      } else {
        peers.get(i).finishSending();
      }
    }
    for (int i = 0; i < clients; i++) {
      if (i % RESETS != RESETS - 1) {
        try {
          peers.get(i).expect(exchange.reply(i));
          peers.get(i).expectFin();
        } catch (Broken e) {
          throw e.at("%d clients that end at the same time".formatted(clients));
        }
        peers.get(i).close();
      }
    }
  }

  /**
   * When the FIN arrives, replies fill all buffers between the server and the client, which reads
   * so late that a time limit of some seconds would be over. Behind the FIN of one client nothing
   * is left to read: the server knows at once that the client has half-closed.
   */
  private static void readsLate(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    InetSocketAddress server = context.serverToOccupy();
    Peer late = context.connectTo(server, SMALL_WINDOW);
    Exchange.Pending pending =
        exchange.leavePending(late, context.random().nextInt(), SEND_LIMIT).orElseThrow();
    late.finishSending();
    Optional<LongReply> beside = Optional.empty();
    if (exchange.is(FLOOD) && context.isConcurrent()) {
      Peer other = context.connectTo(server, SMALL_WINDOW);
      beside = Optional.of(LongReply.blocking(other, REPLY_LENGTH, ""));
      other.finishSending();
    }
    Optional<LongReply> refused = Optional.empty();
    if (beside.isPresent()) {
      Peer other = context.connectTo(server, SMALL_WINDOW);
      refused = Optional.of(LongReply.blocking(other, REPLY_LENGTH, "no count\n"));
    }
    late.pause(context.time(PAUSE));
    pending.expectToTheEnd(late);
    late.close();
    if (beside.isPresent()) {
      beside.get().expectToTheEnd();
    }
    if (refused.isPresent()) {
      try {
        refused.get().expect();
        refused.get().peer().expect(exchange.error());
        refused.get().peer().expectFin();
      } catch (Broken e) {
        throw e.at("an error line behind a long reply to a client that reads late");
      }
    }
    finBehindRequests(context, exchange, server);
  }

  /** Everything together: the FIN may arrive before the server has read the first message. */
  private static void finBehindRequests(
      TestContext context, Exchange exchange, InetSocketAddress server)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < HALF_CLOSERS; i++) {
      Exchange.Batch batch =
          exchange.batch(context.random(), context.random().nextInt(2, MAX_BATCH));
      byte[] requests = batch.requests();
      try (Peer peer = context.connectTo(server, 0)) {
        peer.send(requests, 0, requests.length / 2);
        peer.send(requests, requests.length / 2, requests.length - requests.length / 2);
        peer.finishSending();
        peer.expect(batch.replies());
        peer.expectFin();
      } catch (Broken e) {
        throw e.at(batch.name() + " in two writes, then FIN");
      }
    }
  }

  private static void closeInTime(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connect();
    exchange.hold(peer, 1);
    peer.finishSending();
    peer.expectFin(context.time(CLOSE));
    peer.close();
    Peer silent = context.connect();
    silent.finishSending();
    Exchange.demandFin(silent, context.time(CLOSE), "a client that sent FIN only");
  }

  private static void connectThenClose(TestContext context)
      throws Broken, IOException, InterruptedException {
    InetSocketAddress server = context.server();
    Ending.CLOSE_AT_ONCE.repeat(context, server, SILENT);
    Ending.RESET_AT_ONCE.repeat(context, server, SILENT);
    Exchange.of(context).holdLast(context.connect(), 1);
  }

  private static void resets(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    InetSocketAddress server = context.server();
    List<Ending> resets =
        Ending.of(exchange).stream().filter(it -> it.name().contains("RESET")).toList();
    for (int i = 0; i < ROUNDS_OF_RESETS; i++) {
      for (Ending each : resets) {
        each.repeat(context, server, 1);
      }
    }
    demandServed(context.connect(), exchange, "clients that reset in every state");
    if (exchange.is(FLOOD) && context.isConcurrent()) {
      InetSocketAddress blocked = context.serverToOccupy();
      int clients = BlockedServer.reset(context, blocked);
      demandServed(
          context.connectTo(blocked, 0),
          exchange,
          clients + " clients that reset while the server was blocked");
    }
  }

  private static void demandServed(Peer newcomer, Exchange exchange, String others)
      throws Broken, InterruptedException {
    try {
      exchange.holdLast(newcomer, 1);
    } catch (Broken e) {
      throw e.at("after " + others);
    }
  }

  private static void noReset(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer clean = context.connect();
    exchange.holdLast(clean, 1);
    clean.close();
    if (!exchange.refuses()) {
      return;
    }
    // The server stops reading in the middle of the input; the client still gets the error line.
    Peer refused = context.connect();
    byte[] unread = Text.letters(context.random(), 400_000);
    refused.whileSending(
        () -> {
          refused.send(unread);
          refused.finishSending();
        },
        () -> {
          refused.expect(exchange.error());
          refused.expectFin();
        });
  }

  /**
   * The client sends more a moment after it has received the server's FIN. If the server has closed
   * its socket, the kernel answers the first part with RST, and the second part cannot be sent.
   */
  private static void readsOnAfterItsFin(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    List<Silent> silent = new ArrayList<>();
    for (int i = 0; i < (context.isConcurrent() ? PROBES : 0); i++) {
      Peer peer = context.connect();
      refuse(exchange, peer);
      silent.add(new Silent(peer, System.nanoTime()));
    }
    long start = System.nanoTime();
    Queue<Peer> old = new ArrayDeque<>();
    while (old.size() < context.atOnce(TRIES + 1) - 1) {
      Peer peer = context.connect();
      exchange.hold(peer, 1);
      old.add(peer);
    }
    demandReading(exchange, exchange.request(1), context::connect);
    try {
      demandReading(exchange, Text.letters(context.random(), LONG_PART), context::connect);
    } catch (Broken e) {
      throw e.at("%d times %,d bytes after the refused request".formatted(PARTS, LONG_PART));
    }
    if (!context.isConcurrent()) {
      endsBesideSilent(context, exchange);
      return;
    }
    TimeUnit.NANOSECONDS.sleep(LONG_AGO.toNanos() - (System.nanoTime() - start));
    try {
      demandReading(exchange, exchange.request(1), () -> next(old));
    } catch (Broken e) {
      throw e.at("a connection that was %,d ms old".formatted(LONG_AGO.toMillis()));
    }
    demandEndOfLinger(context, exchange, silent);
  }

  private static void refuse(Exchange exchange, Peer peer) throws Broken {
    peer.send(exchange.refusedRequest());
    peer.expect(exchange.error());
    peer.expectFin();
  }

  /**
   * A client that stays open, and sends nothing after the server's FIN.
   *
   * @param since when it received the FIN, by {@link System#nanoTime}
   */
  private record Silent(Peer peer, long since) {

    /** Waits until it has been silent for this long. */
    void await(Duration time) throws InterruptedException {
      TimeUnit.NANOSECONDS.sleep(since + time.toNanos() - System.nanoTime());
    }

    /** Returns whether the server has closed its socket: then the kernel answers with RST. */
    boolean isGone(byte[] request) throws InterruptedException {
      boolean open = peer.sendUnlessReset(request);
      peer.pause(BETWEEN_PARTS);
      return !open || !peer.sendUnlessReset(request);
    }
  }

  /**
   * What a client sends may prolong the time for which the server reads on, so each of these is
   * asked once only.
   */
  private static void demandEndOfLinger(
      TestContext context, Exchange exchange, List<Silent> clients)
      throws Broken, InterruptedException {
    Duration limit = context.limit(MOST_LINGER);
    for (int i = 0; i < clients.size(); i++) {
      clients.get(i).await(i < clients.size() - 1 ? LONG_AGO.multipliedBy(i + 1L) : limit);
      if (clients.get(i).isGone(exchange.request(1))) {
        return;
      }
    }
    throw Broken.late(
        "a server that closes the connection of a silent client within %,d ms of its own FIN"
            .formatted(limit.toMillis()),
        "it still read on");
  }

  /** A server that serves one client at a time serves no other one while it reads on. */
  private static void endsBesideSilent(TestContext context, Exchange exchange)
      throws Broken, IOException, InterruptedException {
    try (Peer silent = context.connect()) {
      refuse(exchange, silent);
      Peer next = context.connect();
      next.send(exchange.request(1));
      next.expectWithin(context.limit(MOST_LINGER), exchange.reply(1));
      next.finishSending();
      next.expectFin();
    } catch (Broken e) {
      throw e.at("behind a client that has got an error line and FIN, and stays silent");
    }
  }

  private static Peer next(Queue<Peer> peers) throws Inconclusive {
    if (peers.isEmpty()) {
      throw new Inconclusive(TOO_SLOW);
    }
    return peers.remove();
  }

  /** Supplies clients that are connected. */
  private interface Clients {
    Peer next() throws Broken, IOException, InterruptedException;
  }

  private static void demandReading(Exchange exchange, byte[] part, Clients clients)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < TRIES; i++) {
      Peer peer = clients.next();
      refuse(exchange, peer);
      long start = System.nanoTime();
      boolean open = true;
      for (int j = 0; j < PARTS && open; j++) {
        peer.pause(BETWEEN_PARTS);
        open = peer.sendUnlessReset(part);
      }
      boolean inTime = System.nanoTime() - start < LEAST_LINGER.toNanos();
      peer.close();
      if (open) {
        return;
      }
      if (inTime) {
        throw new Broken(
            "a server that reads on after its own FIN, for at least %,d ms"
                .formatted(LEAST_LINGER.toMillis()),
            "it answered further input with RST");
      }
    }
    throw new Inconclusive(TOO_SLOW);
  }

  /**
   * Resets meet connections in all states: before the accept, during a read, during a write. Some
   * faults show in one of thousands of resets only.
   */
  private static void storm(TestContext context, String what)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launchAlone();
    CostMeter meter = context.meter(server);
    abort(context, server, context.count(ABORTS) / 2); // Warm-up: a pool starts all its threads.
    int sockets = settled(meter);
    int threads = meter.now().threads();
    abort(context, server, context.count(ABORTS));
    context.note(
        "has connected %,d clients that sent %s and reset".formatted(context.count(ABORTS), what));
    demandAtMost(context, "sockets", sockets, meter::sockets);
    // A runtime starts threads of its own: compilers, garbage collectors, carrier threads.
    int own = 8 + 2 * Runtime.getRuntime().availableProcessors();
    demandAtMost(context, "threads", threads + own, () -> meter.now().threads());
    context.stop(server);
    Shutdown.demandEnd(context, server);
  }

  /** Clients that reset in the middle of a message and, now and then, a well-behaved one. */
  private static void abort(TestContext context, Instance server, int clients)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    byte[] part = exchange.begun(1);
    byte[] begun = part.length > 0 ? part : exchange.request(1);
    for (int i = 0; i < clients; i++) {
      context.abort(server, ByteBuffer.wrap(begun, 0, 1 + i % begun.length));
      if ((i + 1) % ABORTS_BETWEEN_CHECKS == 0) {
        Peer peer = context.connect(server);
        exchange.hold(peer, 1);
        peer.close();
      }
    }
  }

  /** Samples a number of sockets or threads. */
  private interface Counter {
    int sample() throws IOException;
  }

  /** Waits until the number of open sockets no longer decreases, and returns it. */
  private static int settled(CostMeter meter) throws IOException, InterruptedException {
    int least = meter.sockets();
    for (int equal = 0; equal < EQUAL_SAMPLES; equal++) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      int now = meter.sockets();
      if (now < least) {
        least = now;
        equal = 0;
      }
    }
    return least;
  }

  private static void demandAtMost(TestContext context, String what, int most, Counter counter)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    int now = counter.sample();
    while (now > most && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      now = counter.sample();
    }
    if (now > most) {
      throw Broken.late(
          "at most %d %s after all clients have left".formatted(most, what),
          "there are %d".formatted(now));
    }
    context.note("sees %d %s; up to %d are allowed".formatted(now, what, most));
  }
}
