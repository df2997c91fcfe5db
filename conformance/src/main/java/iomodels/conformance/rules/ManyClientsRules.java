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
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Section 6: what clients notice of each other. */
final class ManyClientsRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "6.01",
              MUST,
              "Answer one client while another is silent.",
              UPPER,
              Set.of(Need.CONCURRENT),
              ManyClientsRules::besideASilentOne),
          new Rule(
              "6.02",
              MUST,
              "Answer despite a hundred requests that are half sent.",
              LINES,
              Set.of(Need.CONCURRENT),
              ManyClientsRules::besideHalfSentRequests),
          new Rule(
              "6.03",
              MUST,
              "Never mix the bytes of clients.",
              UPPER,
              Set.of(Need.CONCURRENT),
              ManyClientsRules::noMixing),
          new Rule(
              "6.04",
              SHOULD,
              "Answer small requests quickly beside a client that takes all it can get.",
              FLOOD,
              Set.of(Need.CONCURRENT, Need.TIMED),
              ManyClientsRules::besideAFlooder),
          new Rule(
              "6.05",
              MUST,
              "Serve the client that waits in the queue after the first has closed.",
              UPPER,
              Set.of(Need.SEQUENTIAL),
              ManyClientsRules::queued),
          new Rule(
              "6.06",
              MUST,
              "Serve any number of clients one after another.",
              UPPER,
              Set.of(),
              ManyClientsRules::inTurn),
          new Rule(
              "6.07",
              MUST,
              "Serve a thousand clients that are connected at once, or as many as declared; make"
                  + " those beyond wait, or refuse them.",
              UPPER,
              Set.of(Need.CONCURRENT),
              ManyClientsRules::atOnce));

  private static final int HALF_SENT = 100;
  private static final int MIXED = 200;
  private static final long ENDLESS = 9_999_999_999_999L;

  private ManyClientsRules() {}

  private static void besideASilentOne(Trial trial)
      throws Broken, IOException, InterruptedException {
    Peer silent = trial.connect();
    Peer other = trial.connect();
    other.send("me first");
    other.expect("ME FIRST");
    silent.send("now me");
    silent.expect("NOW ME");
  }

  private static void besideHalfSentRequests(Trial trial)
      throws Broken, IOException, InterruptedException {
    List<Peer> slow = new ArrayList<>();
    for (int i = 1; i < trial.atOnce(HALF_SENT + 1); i++) {
      Peer peer = trial.connect();
      peer.send("half ");
      slow.add(peer);
    }
    Peer quick = trial.connect();
    quick.send("whole\n");
    quick.expect("WHOLE\n");
    for (Peer peer : slow) {
      peer.send("done\n");
      peer.expect("HALF DONE\n");
    }
  }

  private static void noMixing(Trial trial) throws Broken, IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    int mixed = trial.atOnce(MIXED);
    for (int i = 0; i < mixed; i++) {
      peers.add(trial.connect());
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

  private static void besideAFlooder(Trial trial) throws Broken, IOException, InterruptedException {
    Peer flooder = trial.connect();
    Peer ping = trial.connect();
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
    Timing.demandMedian(nanos, trial.time(PING), "a reply beside a flooder");
  }

  private static void queued(Trial trial) throws Broken, IOException, InterruptedException {
    Peer first = trial.connect();
    first.send("first");
    first.expect("FIRST");
    Peer second = trial.connect();
    second.send("second");
    second.expectSilence(trial.time(SILENCE));
    first.close();
    second.expect("SECOND");
  }

  private static void inTurn(Trial trial) throws Broken, IOException, InterruptedException {
    for (int i = 1; i <= trial.count(CLIENTS_IN_TURN); i++) {
      Peer peer = trial.connect();
      try {
        peer.send("x");
        peer.expect("X");
      } catch (Broken e) {
        throw e.at("client %,d of %,d".formatted(i, trial.count(CLIENTS_IN_TURN)));
      }
      peer.close();
    }
  }

  private static void atOnce(Trial trial) throws Broken, IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    int clients = trial.atOnce(trial.count(CLIENTS));
    for (int i = 1; i <= clients; i++) {
      Peer peer = trial.connect();
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
    if (clients < trial.count(CLIENTS)) {
      beyondTheMaximum(trial, peers);
    }
  }

  /** One more client than there can be: it is told so, or waits for its turn. */
  private static void beyondTheMaximum(Trial trial, List<Peer> peers)
      throws Broken, IOException, InterruptedException {
    Peer last = peers.getLast();
    Peer surplus;
    try {
      surplus = trial.connect();
      surplus.send("z");
    } catch (Broken _) {
      return; // as clear as can be
    }
    boolean ended = surplus.endsWithoutAWord(trial.time(SILENCE));
    last.send("still");
    last.expect("STILL");
    last.close();
    if (!ended) {
      Peer waiting = surplus;
      try {
        waiting.send("z");
        waiting.expectSomething();
      } catch (Broken e) {
        if (!waiting.endsWithoutAWord(trial.time(SILENCE))) {
          throw e.at("a client beyond the maximum, once there was room");
        }
      }
    }
  }
}
