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
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.List;
import java.util.Set;

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
          rule("11.12", Ending.SENTENCE, RelayRules::ends));

  private static final long VOLUME = 16L << 20;
  private static final int BUFFERS = 64 * 1024;

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
