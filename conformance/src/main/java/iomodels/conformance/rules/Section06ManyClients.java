package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLIENTS_IN_TURN;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.Rule.Level.SHOULD;
import static iomodels.service.Services.FLOOD;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Section 6: the influence of clients on each other. */
final class Section06ManyClients {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "6.01",
              MUST,
              "The server MUST answer one client while another is connected and silent.",
              "Browsers open connections in advance and use them later or never. A server"
                  + " that waits for such a client's first request blocks everybody else.",
              Exchange.ANY,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::besideASilentOne),
          new Rule(
              "6.02",
              MUST,
              "The server MUST answer a complete request while a hundred other clients have"
                  + " each sent half of theirs.",
              "An incomplete request that occupies a thread allows Slowloris, an attack that"
                  + " stops a server with a few hundred connections and little traffic"
                  + " (CVE-2007-6750 for Apache httpd).",
              Exchange.REFUSING,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::besideHalfSentRequests),
          new Rule(
              "6.03",
              MUST,
              "The server MUST NOT mix the bytes of different clients.",
              "One user's data in another user's reply is a data breach. In March 2023 users"
                  + " of ChatGPT saw titles of other users' conversations, because a Redis"
                  + " connection was reused while a reply was still unread (redis-py #2624).",
              Exchange.ANSWERING,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::noMixing),
          new Rule(
              "6.04",
              SHOULD,
              "The server SHOULD answer small requests quickly while another client receives"
                  + " endless replies as fast as it can.",
              "An event loop that writes until the socket would block never finishes with a"
                  + " fast reader, and starves the others: epoll(7) lists starvation among its"
                  + " pitfalls. One download then delays every interactive user.",
              Exchange.PIPELINING_FLOOD_FIRST,
              Set.of(Precondition.CONCURRENT),
              Scheduling.TIMED,
              Section06ManyClients::besideAFlooder),
          new Rule(
              "6.05",
              MUST,
              "The server MUST serve the client that waits in the accept queue after the"
                  + " first client has closed.",
              "The kernel completes a connection before the server accepts it (listen(2)), so"
                  + " the waiting client considers itself connected and sends. If the server never"
                  + " accepts it, the client waits for a reply that never comes.",
              Exchange.ANY,
              Set.of(Precondition.SEQUENTIAL),
              Section06ManyClients::queued),
          new Rule(
              "6.06",
              MUST,
              "The server MUST serve any number of clients one after another.",
              "A slot, a buffer or a table entry that is not released with its connection is"
                  + " a leak. The server works in every test and stops after some days in"
                  + " production.",
              Exchange.ANY,
              Set.of(),
              Section06ManyClients::inTurn),
          new Rule(
              "6.07",
              MUST,
              "The server MUST serve a thousand simultaneous clients, or as many as it"
                  + " declares; it MUST make further clients wait, or refuse them.",
              "Limits are often silent: select(2) cannot watch a descriptor of 1,024 or more,"
                  + " and a pool has a fixed number of threads. A client beyond the limit that is"
                  + " neither served nor refused cannot tell whether to wait or to try another"
                  + " server.",
              Exchange.ANY,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::atOnce));

  private static final int HALF_SENT = 100;
  private static final int MIXED = 200;
  private static final int SIDE_BY_SIDE = 10;
  private static final int SMALL_REQUESTS = 100;
  private static final long BULK = 1 << 20;
  private static final long MOST_PENDING = 8 << 20;
  private static final int WINDOW = 64 * 1024;

  private static final int PINGS = 25;
  private static final long ENDLESS = 9_999_999_999_999L;

  private Section06ManyClients() {}

  private static void besideASilentOne(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer silent = context.connect();
    exchange.holdLast(context.connect(), 1);
    exchange.holdLast(silent, 2);
  }

  private static void besideHalfSentRequests(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    List<Peer> slow = new ArrayList<>();
    for (int i = 1; i < context.atOnce(HALF_SENT + 1); i++) {
      Peer peer = context.connect();
      peer.send(exchange.begun(i));
      slow.add(peer);
    }
    Peer quick = context.connect();
    exchange.hold(quick, 0);
    for (int i = 1; i <= slow.size(); i++) {
      slow.get(i - 1).send(exchange.rest(i));
      slow.get(i - 1).expect(exchange.reply(i));
    }
  }

  private static void noMixing(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    List<Peer> peers = new ArrayList<>();
    int mixed = context.atOnce(MIXED);
    for (int i = 0; i < mixed; i++) {
      peers.add(context.connect());
    }
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < mixed; i++) {
        peers.get(i).send(ofClient(exchange, i, round, false));
      }
      for (int i = 0; i < mixed; i++) {
        peers.get(i).expect(ofClient(exchange, i, round, true));
      }
    }
    peers.forEach(Peer::close);
    List<Peer> beside = new ArrayList<>();
    for (int i = 0; i < context.atOnce(SIDE_BY_SIDE); i++) {
      beside.add(context.connectWithWindow(WINDOW));
    }
    sideBySide(exchange, beside);
  }

  /** Returns a client's message, or the reply to it; the messages have different lengths. */
  private static byte[] ofClient(Exchange exchange, int client, int round, boolean reply) {
    if (!exchange.pipelines()) {
      return reply ? exchange.reply(client) : exchange.request(client);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i <= client % 7; i++) {
      int number = 10 * client + round;
      all.writeBytes(reply ? exchange.reply(number) : exchange.request(number));
    }
    return all.toByteArray();
  }

  /**
   * Clients that send and receive at the same time: many small requests, which differ in one
   * number, and then, where a client may, long streams; at last all of them read only when the
   * server is blocked. A buffer that clients share by mistake is still in use when the next
   * client's bytes arrive.
   */
  private static void sideBySide(Exchange exchange, List<Peer> peers)
      throws Broken, InterruptedException {
    List<Future<Optional<Broken>>> ends = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < peers.size(); i++) {
        Peer peer = peers.get(i);
        int number = i;
        ends.add(
            executor.submit(
                () -> {
                  try {
                    converse(exchange, peer, number);
                    return Optional.empty();
                  } catch (Broken e) {
                    return Optional.of(
                        e.at("one of %d clients at the same time".formatted(peers.size())));
                  }
                }));
      }
      for (Future<Optional<Broken>> each : ends) {
        Optional<Broken> broken = each.get();
        if (broken.isPresent()) {
          throw broken.get();
        }
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  private static void converse(Exchange exchange, Peer peer, int number)
      throws Broken, InterruptedException {
    for (int i = 0; i < SMALL_REQUESTS; i++) {
      exchange.hold(peer, 100 + 10 * (i % 10) + number % 10);
    }
    if (exchange.pipelines()) {
      Exchange.Flow flow = exchange.flow(number * 1_000_003L);
      long length = flow.whole(exchange.requesting(BULK));
      peer.exchange(flow.requests(), length, flow.replies(), flow.due(length));
      Optional<Exchange.Pending> pending =
          exchange.leavePending(peer, number * 2_000_003L, MOST_PENDING);
      pending.orElseThrow().expect(peer);
    }
  }

  private static void besideAFlooder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer flooder = context.connect();
    Peer ping = context.connect();
    long[] nanos;
    Thread sender = Thread.ofVirtual().unstarted(() -> {});
    if (exchange.is(FLOOD)) {
      flooder.send(ENDLESS + "\n");
      flooder.expect(new byte[] {0});
    } else {
      Exchange.Flow flow = exchange.flow(1);
      sender =
          Thread.ofVirtual()
              .unstarted(
                  () -> {
                    try {
                      flooder.sendStream(flow.requests(), Long.MAX_VALUE);
                    } catch (Broken _) {
                      // This test has closed the connection.
                    }
                  });
    }
    sender.start();
    Thread greedy = Thread.ofVirtual().start(flooder::drain);
    try {
      nanos = exchange.roundTrips(ping, PINGS);
    } finally {
      flooder.close();
      greedy.join();
      sender.join();
    }
    Timing.demandMedian(nanos, context.time(PING), "a reply beside a flooder");
  }

  /** A server that answers the second client at once serves several clients at the same time. */
  private static void queued(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer first = context.connect();
    exchange.hold(first, 1);
    Peer second = context.connect();
    second.send(exchange.request(2));
    second.pause(context.time(SILENCE));
    first.close();
    second.expect(exchange.reply(2));
    second.finishSending();
    second.expectFin();
  }

  private static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    for (int i = 1; i <= context.count(CLIENTS_IN_TURN); i++) {
      Peer peer = context.connect();
      try {
        if (exchange.answers()) {
          exchange.hold(peer, i % 10);
        } else {
          exchange.holdLast(peer, i);
        }
      } catch (Broken e) {
        throw e.at("client %,d of %,d".formatted(i, context.count(CLIENTS_IN_TURN)));
      }
      peer.close();
    }
  }

  private static void atOnce(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    List<Peer> peers = new ArrayList<>();
    int clients = context.atOnce(context.count(CLIENTS));
    for (int i = 1; i <= clients; i++) {
      Peer peer = context.connect();
      peers.add(peer);
      peer.send(exchange.request(i));
    }
    if (!exchange.answers()) {
      // Only the answer to FIN shows that a client is served; the others are still connected.
      peers.getLast().finishSending();
      Exchange.demandFin(
          peers.getLast(),
          context.patience(),
          "client %,d of %,d at once".formatted(clients, clients));
      return;
    }
    int i = 0;
    for (Peer peer : peers) {
      i++;
      try {
        peer.expect(exchange.reply(i));
      } catch (Broken e) {
        throw e.at("client %,d of %,d at once".formatted(i, clients));
      }
    }
    if (clients < context.count(CLIENTS)) {
      beyondTheMaximum(context, exchange, peers);
    }
  }

  /** Checks that the server refuses a client beyond the maximum, or lets it wait. */
  private static void beyondTheMaximum(TestContext context, Exchange exchange, List<Peer> peers)
      throws Broken, IOException, InterruptedException {
    Peer last = peers.getLast();
    Peer surplus;
    try {
      surplus = context.connect();
      surplus.send(exchange.request(1));
    } catch (Broken _) {
      return; // refused
    }
    boolean ended = surplus.endsWithoutData(context.time(SILENCE));
    exchange.hold(last, 2);
    last.close();
    if (!ended) {
      Peer waiting = surplus;
      try {
        waiting.send(exchange.request(1));
        waiting.expectSomething();
      } catch (Broken e) {
        if (!waiting.endsWithoutData(context.time(SILENCE))) {
          throw e.at("a client beyond the maximum, after another one has left");
        }
      }
    }
  }
}
