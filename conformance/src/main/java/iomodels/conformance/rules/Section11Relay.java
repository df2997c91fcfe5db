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
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 11: the relay. The kit plays its client and its upstream. */
final class Section11Relay {

  static final List<Rule> ALL =
      List.of(
          rule(
              "11.01",
              "The relay MUST forward every byte, in both directions at the same time.",
              "A relay that completes one direction before the other deadlocks as soon as"
                  + " both sides send more than the buffers hold. A tunnel of HTTP's CONNECT"
                  + " forwards in both directions, too (RFC 9110, section 9.3.6).",
              Section11Relay::carries),
          rule(
              "11.02",
              "The relay MUST forward what the upstream sends before the client has sent"
                  + " anything.",
              "In some protocols the server sends first, such as the greeting of SMTP (RFC"
                  + " 5321, section 3.1). With a relay that waits for the client, both sides wait"
                  + " forever.",
              Section11Relay::greets),
          rule(
              "11.03",
              "The relay MUST forward a client's FIN to the upstream, and the reply that"
                  + " follows it to the client.",
              "The two directions of a TCP connection end separately (RFC 9293, section"
                  + " 3.6.1), and a FIN can mark the end of a request. Docker's port forwarding"
                  + " closed both connections at the client's FIN, and replies were lost"
                  + " (moby/moby#27539).",
              Section11Relay::clientHalfCloses),
          rule(
              "11.04",
              "The relay MUST forward an upstream's FIN to the client, and what the client"
                  + " sends after it to the upstream.",
              "An upstream that has sent everything may still be reading. Envoy's TCP proxy"
                  + " closed both connections when either side half-closed (envoyproxy/envoy#2067);"
                  + " the rest of the client's data is then lost.",
              Section11Relay::upstreamHalfCloses),
          rule(
              "11.05",
              "The relay MUST hold little data for an upstream that does not read, and"
                  + " continue when it reads again.",
              "A relay that keeps reading has to store whatever the receiver does not take,"
                  + " until memory runs out. A relay that stops reading lets TCP flow control slow"
                  + " the sender down (RFC 9293).",
              Section11Relay::holdsLittleForUpstream),
          rule(
              "11.06",
              "The relay MUST hold little data for a client that does not read, and continue"
                  + " when it reads again.",
              "Slow clients are common, and upstreams are fast. With an unbounded queue each"
                  + " slow download is stored in the relay in full, and a few hundred of them"
                  + " exhaust its memory.",
              Section11Relay::holdsLittleForClient),
          rule(
              "11.07",
              "If the upstream refuses the connection, the relay MUST reset the client.",
              "Where FIN marks the end of a reply, as it may in HTTP/1.0, a FIN without data looks"
                  + " like an empty but complete reply (RFC 9112, section 6.3). Only RST tells the"
                  + " client that the request has failed.",
              Section11Relay::refused),
          rule(
              "11.08",
              "If the upstream resets, the relay MUST reset the client.",
              "If the relay sends FIN instead, a truncated reply looks complete: a reply that"
                  + " ends when the connection is closed cannot be told from one that was"
                  + " interrupted (RFC 9112, section 6.3).",
              Section11Relay::upstreamResets),
          rule(
              "11.09",
              "If the client resets, the relay MUST reset the upstream.",
              "In FTP's stream mode, closing the data connection marks the end of a file (RFC"
                  + " 959, section 3.4.1). If the relay turns the client's reset into FIN, the"
                  + " server stores a truncated upload as a complete file.",
              Section11Relay::clientResets),
          rule(
              "11.10",
              "The relay MUST forward for other clients while one client is stuck.",
              "A send that blocks on the only thread, or under a shared lock, stops all"
                  + " connections when one receiver stops reading. One phone without reception is"
                  + " enough.",
              Section11Relay::othersGoOn),
          new Rule(
              "11.11",
              MUST,
              "The relay MUST leave nothing open, however a conversation ends.",
              "A relay has two sockets for each client, and a socket that it forgets stays"
                  + " open as long as the process. When descriptors have run out, accept(2) fails"
                  + " with EMFILE, and no new client is served.",
              RELAY,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              Section11Relay::leavesNothing),
          rule("11.12", Shutdown.SENTENCE, Shutdown.WHY, Section11Relay::ends),
          rule(
              "11.13",
              "The relay MUST forward each reset as a reset, even while data flows in both"
                  + " directions.",
              "The kernel reports a socket's error once (SO_ERROR, socket(7)). If the thread that"
                  + " writes receives it, the thread that reads sees an ordinary end of stream; a"
                  + " relay that trusts it sends FIN, and now and then a truncated stream looks"
                  + " complete.",
              Section11Relay::carriesEachReset),
          new Rule(
              "11.14",
              MUST,
              "The relay MUST refuse to be its own upstream, or hold few descriptors for each"
                  + " client.",
              "A relay that connects to itself accepts that connection, connects again, and"
                  + " so on until no descriptor is left; one client is enough. HTTP forbids"
                  + " intermediaries such loops as well (RFC 9110, section 7.6).",
              RELAY,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              Section11Relay::isNotItsOwnUpstream));

  private static final long VOLUME = 16L << 20;
  private static final int BUFFERS = 64 * 1024;

  /** Enough to find a fault that shows in one of fifty resets, in all but one of 400 runs. */
  private static final int RESETS = 300;

  private static final int CHUNK = 1_000;

  /** A relay that connects to itself needs two descriptors each time, until none are left. */
  private static final int FEW = 64;

  private static final Duration OBSERVATION = Duration.ofSeconds(1);
  private static final long POLL_INTERVAL_MILLIS = 10;

  private Section11Relay() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, RELAY, Set.of(), check);
  }

  private static void carries(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      Peer.BytePattern there = Text.stream(context.random().nextInt());
      Peer.BytePattern back = Text.stream(context.random().nextInt());
      client.whileSending(
          () -> client.exchange(there, VOLUME, back, VOLUME),
          () -> upstream.exchange(back, VOLUME, there, VOLUME));
    }
  }

  private static void greets(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      upstream.send("220 ready\r\n");
      client.expect("220 ready\r\n");
      client.send("HELO\r\n");
      upstream.expect("HELO\r\n");
    }
  }

  private static void clientHalfCloses(TestContext context)
      throws Broken, IOException, InterruptedException {
    halfClose(context, true);
  }

  private static void upstreamHalfCloses(TestContext context)
      throws Broken, IOException, InterruptedException {
    halfClose(context, false);
  }

  private static void halfClose(TestContext context, boolean byClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      Peer first = byClient ? client : upstream;
      Peer second = byClient ? upstream : client;
      first.send("last words");
      first.finishSending();
      second.expect("last words");
      second.expectFin();
      first.expectSilence(context.time(SILENCE));
      Peer.BytePattern reply = Text.stream(context.random().nextInt());
      second.whileSending(
          () -> {
            second.sendStream(reply, VOLUME);
            second.finishSending();
          },
          () -> first.expectStream(reply, VOLUME));
      first.expectFin();
    }
  }

  private static void holdsLittleForUpstream(TestContext context)
      throws Broken, IOException, InterruptedException {
    holdLittle(context, true);
  }

  private static void holdsLittleForClient(TestContext context)
      throws Broken, IOException, InterruptedException {
    holdLittle(context, false);
  }

  private static void holdLittle(TestContext context, boolean fromClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    Peer client = context.connectWithWindow(program, BUFFERS);
    try (Peer upstream = backend.accept()) {
      Peer sender = fromClient ? client : upstream;
      Peer receiver = fromClient ? upstream : client;
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      long sent =
          HeldBytes.demandFew(
              "a relay", sender, receiver, stream, ProgramConfig.RELAY_BYTES, 2 * Kernel.buffers());
      receiver.expectStream(stream, sent);
      sender.send("and on");
      receiver.expect("and on");
    }
  }

  private static void refused(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = context.program(context.refusingBackend());
    context.expectReset(program, context.time(CLOSE));
  }

  private static void upstreamResets(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    Peer upstream = backend.accept();
    client.send("a question");
    upstream.expect("a question");
    upstream.send("half of an ans");
    client.expect("half of an ans");
    upstream.reset();
    client.expectReset(context.time(CLOSE));
  }

  private static void clientResets(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      client.send("half of a quest");
      upstream.expect("half of a quest");
      client.reset();
      upstream.expectReset(context.time(CLOSE));
    }
  }

  private static void othersGoOn(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    Peer stuck = context.connect(program);
    try (Peer _ = backend.accept()) {
      stuck.sendUntilFull(Text.stream(context.random().nextInt()), 4 * Kernel.buffers());
      Peer client = context.connect(program);
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
   * In each round, one side resets while the other sends. A relay that writes to the first side in
   * one thread, and reads from it in another, gets the error in only one of them.
   */
  private static void carriesEachReset(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    byte[] chunk = new byte[CHUNK];
    for (int i = 0; i < RESETS; i++) {
      try (Peer client = context.connect(program);
          Peer upstream = backend.accept()) {
        boolean byClient = i % 2 == 0;
        Peer resetting = byClient ? client : upstream;
        Peer other = byClient ? upstream : client;
        resetting.send(chunk);
        other.expect(chunk);
        if (context.random().nextBoolean()) {
          other.send(chunk);
        }
        resetting.reset();
        // A send that fails is a reset as well; a read then does not report it.
        if (other.sendUnlessReset(chunk)) {
          other.expectResetAfterAll();
        }
      }
    }
  }

  private static void isNotItsOwnUpstream(TestContext context)
      throws Broken, IOException, InterruptedException {
    InetSocketAddress own = context.freeAddress();
    Instance program;
    try {
      program = context.program(ProgramConfig.onLoopback(List.of(own)).at(own));
    } catch (IOException e) {
      context.note("sees the relay refuse: " + e.getMessage());
      return;
    }
    CostMeter meter = context.meter(program);
    long before = meter.now().descriptors();
    Peer client;
    try {
      client = context.connect(program);
    } catch (Broken e) {
      context.note("sees the relay accept no client: " + e.getMessage());
      return;
    }
    long deadline = System.nanoTime() + OBSERVATION.toNanos();
    long now = before;
    while (now - before <= FEW && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      long last = now;
      now = meter.now().descriptors();
      if (now > last) {
        deadline = System.nanoTime() + OBSERVATION.toNanos(); // It continues, if slowly.
      }
    }
    client.reset();
    if (now - before > FEW) {
      throw new Broken(
          "at most %d descriptors for a client of a relay that is its own upstream".formatted(FEW),
          "it uses %d".formatted(now - before));
    }
  }

  private static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    context.connect(program);
    backend.accept();
    Peer stuck = context.connect(program);
    backend.accept();
    stuck.sendUntilFull(Text.stream(context.random().nextInt()), 4 * Kernel.buffers());
    Shutdown.demand(context, program);
  }

  /** Ends connections in every way, repeatedly, and counts the descriptors. */
  private static void leavesNothing(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    Instance refusing = context.program(context.refusingBackend());
    ResourceLeaks.demandNone(
        context,
        List.of(program, refusing),
        context.count(CLOSES) / 4,
        () -> {
          try (Peer client = context.connect(program);
              Peer upstream = backend.accept()) {
            client.finishSending();
            upstream.expectFin();
            upstream.finishSending();
            client.expectFin();
          }
          Peer gone = context.connect(program);
          try (Peer upstream = backend.accept()) {
            gone.reset();
            upstream.expectReset(context.time(CLOSE));
          }
          try (Peer client = context.connect(program)) {
            backend.accept().reset();
            client.expectReset(context.time(CLOSE));
          }
          context.expectReset(refusing, context.time(CLOSE));
        });
  }
}
