package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE_STOP;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.STOP;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.Rule.Level.SHOULD;
import static iomodels.service.Services.ECHO;
import static iomodels.service.Services.FIXED;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.PausedProcess;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.EndedAtStart;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 9: start, restart and stop. */
final class Section09LifeCycle {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "9.01",
              MUST,
              "The server MUST announce the port on which it really listens, once it is ready"
                  + " to serve.",
              "A server that is started on port 0 gets a free port (ip(7)), which only"
                  + " getsockname(2) tells. A supervisor or a test that is told 0, or is told the"
                  + " port too early, cannot connect.",
              Exchange.ANY,
              Set.of(Precondition.LIFE),
              Section09LifeCycle::announces),
          new Rule(
              "9.02",
              MUST,
              "The server MUST be able to restart on the same port at once.",
              "The side that closes first keeps the connection in TIME_WAIT, and bind(2) then fails"
                  + " with EADDRINUSE unless SO_REUSEADDR is set (socket(7); Stevens, UNP vol. 1,"
                  + " section 7.5). Each restart would mean a minute of downtime.",
              Exchange.ANY,
              Set.of(Precondition.LIFE),
              Section09LifeCycle::restarts),
          new Rule(
              "9.03",
              MUST,
              "On stop, the server MUST refuse new clients, deliver in full a reply that has"
                  + " begun, and then end.",
              "Service managers send SIGTERM at each deployment. A server that ends at once cuts"
                  + " off downloads, and one that still accepts clients may never finish; nginx"
                  + " offers the same as its graceful shutdown (SIGQUIT).",
              Exchange.ANY_FLOOD_FIRST,
              Set.of(Precondition.LIFE),
              Scheduling.TIMED,
              Section09LifeCycle::drains),
          new Rule(
              "9.04",
              MUST,
              "An idle client MUST NOT delay the stop.",
              "Connection pools keep idle connections open for hours. Before version 19,"
                  + " server.close() of Node.js did not close them (nodejs/node#2642), so that"
                  + " processes did not end.",
              Exchange.ANY,
              Set.of(Precondition.LIFE),
              Scheduling.TIMED,
              Section09LifeCycle::stopsBesideIdle),
          new Rule(
              "9.05",
              MUST,
              "If its port is in use, the server MUST fail at once, with an error that names"
                  + " the port or says that it is in use.",
              "bind(2) reports EADDRINUSE. A server that hides the error, or listens"
                  + " elsewhere, looks healthy while its clients talk to another process. With"
                  + " SO_REUSEPORT (socket(7)) a second instance gets a part of the clients, and"
                  + " nobody is told.",
              Exchange.ANY,
              Set.of(Precondition.LIFE),
              Section09LifeCycle::busyPort),
          new Rule(
              "9.06",
              MUST,
              "On stop, the server MUST answer everything that was sent before the stop, and"
                  + " then send FIN.",
              "Closing a socket with unread input sends RST (RFC 2525, section 2.17), which"
                  + " can also destroy replies that the client has not read yet. The client then"
                  + " cannot tell which of its requests were carried out.",
              Exchange.ANY,
              Set.of(Precondition.LIFE),
              Scheduling.TIMED,
              Section09LifeCycle::answersWhatWasSent),
          new Rule(
              "9.07",
              MUST,
              "On stop, the server MUST deliver all pending replies to each of many clients,"
                  + " whatever the state of its conversation.",
              "A stop finds clients in the middle of a request, of a reply and of a close. A"
                  + " server that overlooks one of these states closes too early, and the reset may"
                  + " destroy the last reply (RFC 9112, section 9.6).",
              List.of(FLOOD, LINES, UPPER, ECHO, FIXED),
              Set.of(Precondition.LIFE, Precondition.CONCURRENT),
              Scheduling.TIMED,
              CrowdAtStop::demandReplies),
          new Rule(
              "9.08",
              SHOULD,
              "On stop, the server SHOULD answer clients whose connections are established"
                  + " but not accepted yet.",
              "For these clients connect(2) has succeeded, and they may have sent a request."
                  + " When a listening socket is closed, Linux aborts the connections in its accept"
                  + " queue (kernel documentation, ip-sysctl, tcp_migrate_req), so each restart"
                  + " loses requests.",
              Exchange.ANY,
              Set.of(Precondition.LIFE, Precondition.PROCESS),
              Scheduling.TIMED,
              Section09LifeCycle::acceptsTheQueue));

  private static final long REPLY_LENGTH = 12_000_000;
  private static final int SMALL_WINDOW = 16 * 1024;

  /**
   * About as much as the kernels hold of a connection that is not read, and less than a busy
   * machine can answer within the grace period.
   */
  private static final long PIPELINED = 10 << 20;

  /** Longer than the time that a server has after the stop, which does not count from before it. */
  private static final Duration PAUSED = Duration.ofMillis(2_300);

  /** How much longer a server may take to fail than to start. */
  private static final Duration AT_ONCE = Duration.ofSeconds(2);

  private static final int BLOCK = 64 * 1024;
  private static final long BETWEEN_TRIES_MILLIS = 20;
  private static final int QUEUED = 40;

  private Section09LifeCycle() {}

  private static void announces(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launch(0);
    if (server.address().getPort() == 0) {
      throw new Broken("the real port", "it announced port 0");
    }
    Exchange.of(context).holdLast(context.connect(server), 1);
  }

  private static void restarts(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Instance first = context.launch(0);
    Peer peer = context.connect(first);
    exchange.hold(peer, 1);
    // The server closes first, so that its end of the connection stays in TIME_WAIT.
    context.stop(first);
    peer.expectFin();
    peer.close();
    Shutdown.demandEnd(context, first);
    Instance second;
    try {
      second = context.launch(first.address().getPort());
    } catch (IOException e) {
      context.launch(0); // The control: it has to start at once on a port that is free.
      throw new Broken(
          "a server on port %d again".formatted(first.address().getPort()),
          "it did not start: " + e.getMessage());
    }
    exchange.holdLast(context.connect(second), 2);
  }

  private static void drains(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Instance server = context.launch(0);
    Peer reader = context.connectWithWindow(server, SMALL_WINDOW);
    Peer.Step rest = begin(exchange, reader);
    long start = System.nanoTime();
    StopBesideClients.demandEnd(context);
    if (exchange.pipelines()) {
      reader.pause(Duration.ofNanos(Math.max(1, start + PAUSED.toNanos() - System.nanoTime())));
    }
    PendingAtStop owed = PendingAtStop.stop(context, server);
    awaitRefusal(context, server);
    owed.waitBeforeReading();
    try {
      owed.demand(rest);
    } catch (Broken e) {
      throw exchange.pipelines()
          ? e.at(
              "a client that had not read for %,d ms before the stop".formatted(PAUSED.toMillis()))
          : e;
    }
    reader.close();
    Shutdown.demandEnd(context, server);
  }

  /** Requests what the client will not read until the stop; returns what is then due. */
  private static Peer.Step begin(Exchange exchange, Peer reader)
      throws Broken, InterruptedException {
    if (exchange.is(FLOOD)) {
      LongReply reply = LongReply.begin(reader, REPLY_LENGTH, "");
      return () -> {
        reply.expectFrom(1);
        reader.expectFin();
      };
    }
    exchange.hold(reader, 1);
    Optional<Exchange.Pending> pending = exchange.leavePending(reader, 1, PIPELINED);
    return pending.isPresent()
        ? () -> pending.get().expectToTheStop(reader)
        : () -> reader.expectFin();
  }

  private static void stopsBesideIdle(TestContext context)
      throws Broken, IOException, InterruptedException {
    demandQuickStop(context, false);
    demandQuickStop(context, true);
  }

  private static void demandQuickStop(TestContext context, boolean hasNewcomer)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launch(0);
    Peer idle = context.connect(server);
    Exchange.of(context).hold(idle, 1);
    idle.expectSilence(context.time(SILENCE)); // Nothing but the stop wakes the server now.
    if (hasNewcomer) {
      context.connect(server); // It may not even be accepted yet.
    }
    context.stop(server);
    if (!server.awaitEnd(context.time(IDLE_STOP))) {
      demandQuickStopWithoutClients(context);
      throw new Broken(
          "an end within %,d ms".formatted(context.time(IDLE_STOP).toMillis()),
          "the server still runs while a client is idle");
    }
    idle.close();
  }

  /** The control: the same server without any client. */
  private static void demandQuickStopWithoutClients(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance control = context.launch(0);
    context.stop(control);
    if (control.awaitEnd(context.time(IDLE_STOP))) {
      return;
    }
    if (!control.awaitEnd(context.time(STOP))) {
      throw Broken.late(
          "an end within %,d ms".formatted(context.time(STOP).toMillis()),
          "the server still runs, without any client");
    }
    throw new Inconclusive("without clients, the stop takes as long");
  }

  /**
   * A part of the client's data is still in the client's send buffer, because the server's receive
   * buffer is full. It arrives while the server reads, and must be answered as well.
   */
  private static void answersWhatWasSent(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Instance server = context.launch(0);
    Peer peer = context.connectWithWindow(server, BLOCK);
    if (exchange.pipelines()) {
      Exchange.Pending pending =
          exchange.leavePending(peer, context.random().nextInt(), PIPELINED).orElseThrow();
      PendingAtStop owed = PendingAtStop.stop(context, server);
      peer.pause(context.time(SILENCE)); // The server still has much data to process at the stop.
      owed.demand(() -> pending.expectToTheStop(peer));
    } else {
      exchange.hold(peer, 1);
      peer.send(exchange.request(2));
      context.stop(server);
      peer.expect(exchange.reply(2));
      peer.expectFin();
    }
    peer.close();
    Shutdown.demandEnd(context, server);
  }

  private static void busyPort(TestContext context)
      throws Broken, IOException, InterruptedException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    long start = System.nanoTime();
    int own = context.launch(0).address().getPort();
    Duration startup = Duration.ofNanos(System.nanoTime() - start);
    try (ServerSocket taken = new ServerSocket(0, 1, loopback)) {
      demandFailure(context, taken.getLocalPort(), startup);
    }
    try {
      demandFailure(context, own, startup);
    } catch (Broken e) {
      throw e.at("where the same server listens already");
    }
    if (context.claimsDatagrams() && context.service().datagrams().isPresent()) {
      try (DatagramSocket taken = new DatagramSocket(0, loopback)) {
        demandFailure(context, taken.getLocalPort(), startup);
      } catch (Broken e) {
        throw e.at("where only the UDP port is in use");
      }
    }
  }

  /**
   * Demands that a server fails.
   *
   * @param startup how long it takes to start on a free port: the limit has to allow for that
   */
  private static void demandFailure(TestContext context, int taken, Duration startup)
      throws Broken, InterruptedException {
    Duration limit = context.limit(AT_ONCE.plus(startup.multipliedBy(2)));
    long start = System.nanoTime();
    Instance server;
    try {
      server = context.launch(taken);
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.contains("in use") && !message.contains(String.valueOf(taken))) {
        throw new Broken(
            "an error that names the port or says that it is in use", "got " + message);
      }
      if (e.getCause() instanceof EndedAtStart ended && ended.exitCode() == 0) {
        throw new Broken("an exit code other than 0", "it was 0, after " + message);
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      if (took.compareTo(limit) > 0) {
        throw Broken.late(
            "a failure at once: in less than %,d ms".formatted(limit.toMillis()),
            "it took %,d ms; a start on a free port took %,d ms"
                .formatted(took.toMillis(), startup.toMillis()));
      }
      return;
    }
    throw new Broken("an error", "a server claims to listen at " + server.address());
  }

  /** Demands that new clients are refused, if not at once, then before the drain is over. */
  private static void awaitRefusal(TestContext context, Instance server)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    long deadline = System.nanoTime() + context.time(IDLE_STOP).toNanos();
    boolean served = false;
    while (System.nanoTime() - deadline < 0) {
      try (Peer late = context.connect(server)) {
        if (!exchange.answers()) {
          // Only FIN is answered.
          late.send(exchange.request(1));
          late.finishSending();
          late.expectFin(context.time(SILENCE));
          served = true;
          continue;
        }
        late.send(exchange.request(1));
        if (late.receives(context.time(SILENCE))) {
          served = true;
        } else if (late.endsWithoutData(context.time(SILENCE))) {
          return;
        }
      } catch (Broken _) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(BETWEEN_TRIES_MILLIS);
    }
    String wanted = "a new client to be refused";
    throw served
        ? new Broken(wanted, "it was served")
        : Broken.late(wanted, "it was neither refused nor served");
  }

  /** While the server is paused, the kernel completes connections for it (listen(2)). */
  private static void acceptsTheQueue(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Instance server = context.launchAlone();
    exchange.holdLast(context.connect(server), 1);
    List<Peer> queued = new ArrayList<>();
    try (PausedProcess _ = context.pause(server)) {
      for (int i = 0; i < QUEUED; i++) {
        Optional<Peer> peer = context.connectWithin(server, context.time(SILENCE));
        if (peer.isEmpty()) {
          break; // The accept queue is full.
        }
        peer.get().send(exchange.request(i));
        peer.get().finishSending();
        queued.add(peer.get());
      }
      context.stop(server);
    }
    if (queued.isEmpty()) {
      throw new Inconclusive("no connection was established while the server was paused");
    }
    for (int i = 0; i < queued.size(); i++) {
      queued.get(i).expect(exchange.reply(i));
      queued.get(i).expectFin();
    }
    Shutdown.demandEnd(context, server);
  }
}
