package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.RELAY;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 11: a forwarder, between a client and an upstream that are both the kit. */
final class RelayRules {

  static final List<Rule> ALL =
      List.of(
          rule("11.01", "Carry every byte, both directions at once.", RelayRules::carries),
          rule("11.02", "Carry what the upstream says first.", RelayRules::greets),
          rule(
              "11.03",
              "Carry a client's FIN to the upstream, and the reply that comes after it.",
              RelayRules::clientHalfCloses),
          rule(
              "11.04",
              "Carry an upstream's FIN to the client, and what the client says after it.",
              RelayRules::upstreamHalfCloses),
          rule(
              "11.05",
              "Hold little for an upstream that does not read, and go on when it does.",
              RelayRules::holdsLittleForUpstream),
          rule(
              "11.06",
              "Hold little for a client that does not read, and go on when it does.",
              RelayRules::holdsLittleForClient),
          rule("11.07", "Reset a client whose upstream refuses.", RelayRules::refused),
          rule("11.08", "Reset a client whose upstream resets.", RelayRules::upstreamResets),
          rule("11.09", "Reset an upstream whose client resets.", RelayRules::clientResets),
          rule("11.10", "Carry for others beside a client that is stuck.", RelayRules::othersGoOn),
          new Rule(
              "11.11",
              MUST,
              "Leave nothing open, however a conversation ends.",
              RELAY,
              Set.of(Need.ALONE, Need.PROCESS),
              RelayRules::leavesNothing),
          rule("11.12", Ending.SENTENCE, RelayRules::ends),
          rule(
              "11.13",
              "Carry a reset as a reset, each time, while data flows both ways.",
              RelayRules::carriesEachReset),
          new Rule(
              "11.14",
              MUST,
              "Refuse to be its own upstream, or hold few descriptors for each client.",
              RELAY,
              Set.of(Need.ALONE, Need.PROCESS),
              RelayRules::isNotItsOwnUpstream));

  private static final long VOLUME = 16L << 20;
  private static final int BUFFERS = 64 * 1024;

  /** A fault that shows in one of fifty resets they miss one time in four hundred. */
  private static final int RESETS = 300;

  private static final int CHUNK = 1_000;

  /** One that turns to itself takes two for each turn, until there are no more. */
  private static final int FEW = 64;

  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final long BETWEEN_LOOKS_MILLIS = 10;

  private RelayRules() {}

  private static Rule rule(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, RELAY, Set.of(), check);
  }

  private static void carries(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(trial.program(backend));
    try (Peer upstream = backend.accept()) {
      Peer.Stream there = Text.stream(trial.random().nextInt());
      Peer.Stream back = Text.stream(trial.random().nextInt());
      client.whileSending(
          () -> client.exchange(there, VOLUME, back, VOLUME),
          () -> upstream.exchange(back, VOLUME, there, VOLUME));
    }
  }

  private static void greets(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(trial.program(backend));
    try (Peer upstream = backend.accept()) {
      upstream.send("220 ready\r\n");
      client.expect("220 ready\r\n");
      client.send("HELO\r\n");
      upstream.expect("HELO\r\n");
    }
  }

  private static void clientHalfCloses(Trial trial)
      throws Broken, IOException, InterruptedException {
    halfClose(trial, true);
  }

  private static void upstreamHalfCloses(Trial trial)
      throws Broken, IOException, InterruptedException {
    halfClose(trial, false);
  }

  private static void halfClose(Trial trial, boolean byClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(trial.program(backend));
    try (Peer upstream = backend.accept()) {
      Peer first = byClient ? client : upstream;
      Peer second = byClient ? upstream : client;
      first.send("last words");
      first.finishSending();
      second.expect("last words");
      second.expectFin();
      first.expectSilence(trial.time(SILENCE));
      Peer.Stream reply = Text.stream(trial.random().nextInt());
      second.whileSending(
          () -> {
            second.sendStream(reply, VOLUME);
            second.finishSending();
          },
          () -> first.expectStream(reply, VOLUME));
      first.expectFin();
    }
  }

  private static void holdsLittleForUpstream(Trial trial)
      throws Broken, IOException, InterruptedException {
    holdLittle(trial, true);
  }

  private static void holdsLittleForClient(Trial trial)
      throws Broken, IOException, InterruptedException {
    holdLittle(trial, false);
  }

  private static void holdLittle(Trial trial, boolean fromClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = trial.program(backend);
    Peer client = trial.connectWithWindow(program, BUFFERS);
    try (Peer upstream = backend.accept()) {
      Peer sender = fromClient ? client : upstream;
      Peer receiver = fromClient ? upstream : client;
      Peer.Stream stream = Text.stream(trial.random().nextInt());
      long allowed = 2 * Kernel.buffers() + ProgramConfig.RELAY_BYTES;
      long sent = sender.sendUntilFull(stream, 2 * allowed);
      if (sent > allowed) {
        throw new Broken(
            "a relay that takes at most %,d bytes for somebody who reads none".formatted(allowed),
            "it took %,d".formatted(sent));
      }
      receiver.expectStream(stream, sent);
      sender.send("and on");
      receiver.expect("and on");
    }
  }

  private static void refused(Trial trial) throws Broken, IOException, InterruptedException {
    Instance program = trial.program(trial.refusingBackend());
    trial.expectReset(program, trial.time(CLOSE));
  }

  private static void upstreamResets(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(trial.program(backend));
    Peer upstream = backend.accept();
    client.send("a question");
    upstream.expect("a question");
    upstream.send("half of an ans");
    client.expect("half of an ans");
    upstream.reset();
    client.expectReset(trial.time(CLOSE));
  }

  private static void clientResets(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(trial.program(backend));
    try (Peer upstream = backend.accept()) {
      client.send("half of a quest");
      upstream.expect("half of a quest");
      client.reset();
      upstream.expectReset(trial.time(CLOSE));
    }
  }

  private static void othersGoOn(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = trial.program(backend);
    Peer stuck = trial.connect(program);
    try (Peer _ = backend.accept()) {
      stuck.sendUntilFull(Text.stream(trial.random().nextInt()), 4 * Kernel.buffers());
      Peer client = trial.connect(program);
      try (Peer upstream = backend.accept()) {
        for (int i = 0; i < 100; i++) {
          client.send("ping");
          upstream.expect("ping");
          upstream.send("pong");
          client.expect("pong");
        }
      }
    }
  }

  /**
   * Each time one resets while the other sends: whoever writes to the first, and whoever reads it,
   * are both told that something is wrong, but only one of them, what.
   */
  private static void carriesEachReset(Trial trial)
      throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = trial.program(backend);
    byte[] chunk = new byte[CHUNK];
    for (int i = 0; i < RESETS; i++) {
      try (Peer client = trial.connect(program);
          Peer upstream = backend.accept()) {
        boolean byClient = i % 2 == 0;
        Peer resetting = byClient ? client : upstream;
        Peer other = byClient ? upstream : client;
        resetting.send(chunk);
        other.expect(chunk);
        if (trial.random().nextBoolean()) {
          other.send(chunk);
        }
        resetting.reset();
        // That sending fails is a reset as well, of which reading is then not told.
        if (other.sendUnlessReset(chunk)) {
          other.expectResetAfterAll();
        }
      }
    }
  }

  private static void isNotItsOwnUpstream(Trial trial)
      throws Broken, IOException, InterruptedException {
    InetSocketAddress own = trial.freeAddress();
    Instance program;
    try {
      program = trial.program(ProgramConfig.onLoopback(List.of(own)).at(own));
    } catch (IOException e) {
      trial.note("sees it refuse: " + e.getMessage());
      return;
    }
    CostMeter meter = trial.meter(program);
    long before = meter.now().descriptors();
    Peer client;
    try {
      client = trial.connect(program);
    } catch (Broken e) {
      trial.note("sees it take no client: " + e.getMessage());
      return;
    }
    long deadline = System.nanoTime() + LOOK.toNanos();
    long now = before;
    while (now - before <= FEW && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS_MILLIS);
      now = meter.now().descriptors();
    }
    client.reset();
    if (now - before > FEW) {
      throw new Broken(
          "at most %d descriptors for a client of a relay that is its own upstream".formatted(FEW),
          "it has taken %d".formatted(now - before));
    }
  }

  private static void ends(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = trial.program(backend);
    trial.connect(program);
    backend.accept();
    Peer stuck = trial.connect(program);
    backend.accept();
    stuck.sendUntilFull(Text.stream(trial.random().nextInt()), 4 * Kernel.buffers());
    Ending.demand(trial, program);
  }

  /** All ways to end, again and again, while the descriptors are counted. */
  private static void leavesNothing(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = trial.program(backend);
    Instance refusing = trial.program(trial.refusingBackend());
    Leftovers.demandNone(
        trial,
        List.of(program, refusing),
        trial.count(CLOSES) / 4,
        () -> {
          try (Peer client = trial.connect(program);
              Peer upstream = backend.accept()) {
            client.finishSending();
            upstream.expectFin();
            upstream.finishSending();
            client.expectFin();
          }
          Peer gone = trial.connect(program);
          try (Peer upstream = backend.accept()) {
            gone.reset();
            upstream.expectReset(trial.time(CLOSE));
          }
          try (Peer client = trial.connect(program)) {
            backend.accept().reset();
            client.expectReset(trial.time(CLOSE));
          }
          trial.expectReset(refusing, trial.time(CLOSE));
        });
  }
}
