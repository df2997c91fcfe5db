package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLIENTS_IN_TURN;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.Rule.Level.SHOULD;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

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
              UPPER,
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
              LINES,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::besideHalfSentRequests),
          new Rule(
              "6.03",
              MUST,
              "The server MUST NOT mix the bytes of different clients.",
              "One user's data in another user's reply is a data breach. In March 2023 users"
                  + " of ChatGPT saw titles of other users' conversations, because a Redis"
                  + " connection was reused while a reply was still unread (redis-py #2624).",
              UPPER,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::noMixing),
          new Rule(
              "6.04",
              SHOULD,
              "The server SHOULD answer small requests quickly while another client receives"
                  + " an endless reply as fast as it can.",
              "An event loop that writes until the socket would block never finishes with a"
                  + " fast reader, and starves the others: epoll(7) lists starvation among its"
                  + " pitfalls. One download then delays every interactive user.",
              FLOOD,
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
              UPPER,
              Set.of(Precondition.SEQUENTIAL),
              Section06ManyClients::queued),
          new Rule(
              "6.06",
              MUST,
              "The server MUST serve any number of clients one after another.",
              "A slot, a buffer or a table entry that is not released with its connection is"
                  + " a leak. The server works in every test and stops after some days in"
                  + " production.",
              UPPER,
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
              UPPER,
              Set.of(Precondition.CONCURRENT),
              Section06ManyClients::atOnce));

  private static final int HALF_SENT = 100;
  private static final int MIXED = 200;
  private static final long ENDLESS = 9_999_999_999_999L;

  private Section06ManyClients() {}

  private static void besideASilentOne(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer silent = context.connect();
    Peer other = context.connect();
    other.send("me first");
    other.expect("ME FIRST");
    silent.send("now me");
    silent.expect("NOW ME");
  }

  private static void besideHalfSentRequests(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Peer> slow = new ArrayList<>();
    for (int i = 1; i < context.atOnce(HALF_SENT + 1); i++) {
      Peer peer = context.connect();
      peer.send("half ");
      slow.add(peer);
    }
    Peer quick = context.connect();
    quick.send("whole\n");
    quick.expect("WHOLE\n");
    for (Peer peer : slow) {
      peer.send("done\n");
      peer.expect("HALF DONE\n");
    }
  }

  private static void noMixing(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    int mixed = context.atOnce(MIXED);
    for (int i = 0; i < mixed; i++) {
      peers.add(context.connect());
    }
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < mixed; i++) {
        peers.get(i).send("i am %d in round %d;".formatted(i, round).repeat(1 + i % 7));
      }
      for (int i = 0; i < mixed; i++) {
        peers.get(i).expect("I AM %d IN ROUND %d;".formatted(i, round).repeat(1 + i % 7));
      }
    }
  }

  private static void besideAFlooder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer flooder = context.connect();
    Peer ping = context.connect();
    long[] nanos = new long[25];
    flooder.send(ENDLESS + "\n");
    flooder.expect(new byte[] {0});
    Thread greedy = Thread.ofVirtual().start(flooder::drain);
    try {
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        ping.send("1\n");
        ping.expect(new byte[] {0});
        nanos[i] = System.nanoTime() - start;
      }
    } finally {
      flooder.close();
      greedy.join();
    }
    Timing.demandMedian(nanos, context.time(PING), "a reply beside a flooder");
  }

  private static void queued(TestContext context) throws Broken, IOException, InterruptedException {
    Peer first = context.connect();
    first.send("first");
    first.expect("FIRST");
    Peer second = context.connect();
    second.send("second");
    second.expectSilence(context.time(SILENCE));
    first.close();
    second.expect("SECOND");
  }

  private static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
    for (int i = 1; i <= context.count(CLIENTS_IN_TURN); i++) {
      Peer peer = context.connect();
      try {
        peer.send("x");
        peer.expect("X");
      } catch (Broken e) {
        throw e.at("client %,d of %,d".formatted(i, context.count(CLIENTS_IN_TURN)));
      }
      peer.close();
    }
  }

  private static void atOnce(TestContext context) throws Broken, IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    int clients = context.atOnce(context.count(CLIENTS));
    for (int i = 1; i <= clients; i++) {
      Peer peer = context.connect();
      peers.add(peer);
      peer.send("y");
    }
    int i = 0;
    for (Peer peer : peers) {
      i++;
      try {
        peer.expect("Y");
      } catch (Broken e) {
        throw e.at("client %,d of %,d at once".formatted(i, clients));
      }
    }
    if (clients < context.count(CLIENTS)) {
      beyondTheMaximum(context, peers);
    }
  }

  /** Checks that the server refuses a client beyond the maximum, or lets it wait. */
  private static void beyondTheMaximum(TestContext context, List<Peer> peers)
      throws Broken, IOException, InterruptedException {
    Peer last = peers.getLast();
    Peer surplus;
    try {
      surplus = context.connect();
      surplus.send("z");
    } catch (Broken _) {
      return; // refused
    }
    boolean ended = surplus.endsWithoutData(context.time(SILENCE));
    last.send("still");
    last.expect("STILL");
    last.close();
    if (!ended) {
      Peer waiting = surplus;
      try {
        waiting.send("z");
        waiting.expectSomething();
      } catch (Broken e) {
        if (!waiting.endsWithoutData(context.time(SILENCE))) {
          throw e.at("a client beyond the maximum, after another one has left");
        }
      }
    }
  }
}
