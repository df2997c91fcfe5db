package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.RELAY;
import static java.nio.charset.StandardCharsets.US_ASCII;

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
import iomodels.meter.Costs;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

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
              Section11Relay::isNotItsOwnUpstream),
          rule(
              "11.15",
              "The relay MUST forward what has arrived without waiting for more, whatever its"
                  + " length and its values.",
              "A read returns what is there, up to the size of the buffer (recv(2)). A relay that"
                  + " waits until its buffer is full, or that reads again because it was full,"
                  + " waits for a client that itself waits for the reply.",
              Section11Relay::forwardsAtOnce),
          rule(
              "11.16",
              "The relay MUST forward, in order, what a client sends before the upstream has"
                  + " accepted the connection, its FIN included; and MUST serve other clients"
                  + " meanwhile.",
              "A client's connection is complete as soon as the kernel has queued it, so its"
                  + " request is often there first. Connecting takes a round trip, and seconds if"
                  + " the upstream's backlog is full (listen(2), tcp_syn_retries in tcp(7)); a"
                  + " relay that blocks for it stops all its clients.",
              Section11Relay::forwardsWhatComesEarly),
          rule(
              "11.17",
              "If one direction is stuck, the relay MUST forward the other one, its FIN included.",
              "The two directions have windows of their own (RFC 9293, section 3.8.6). A relay that"
                  + " blocks in one direction's write reads nothing in the other; if the receiver"
                  + " reads only after it has sent everything, all three wait forever.",
              Section11Relay::directionsAreIndependent),
          rule(
              "11.18",
              "The relay MUST deliver everything that a side sent before its FIN, however late and"
                  + " slowly the other side reads, and only then the FIN.",
              "When the FIN arrives, data waits in the relay and in the kernel. A relay that calls"
                  + " shutdown(2) or close(2) before it has written the rest, or closes with"
                  + " SO_LINGER at 0, cuts off the end of each large transfer to a slow receiver.",
              Section11Relay::deliversBeforeTheFin),
          rule(
              "11.19",
              "The relay MUST keep a silent conversation, before and after a half-close, and while"
                  + " one side does not read.",
              "TCP does not limit silence (RFC 1122, section 4.2.3.6), and a relay does not know"
                  + " what its clients wait for. A database query, a long poll, or a suspended"
                  + " program is silent for longer than most time limits.",
              Section11Relay::keepsSilentOnes),
          rule(
              "11.20",
              "The relay MUST serve hundreds of clients at a time, and MUST NOT mix their bytes.",
              "A buffer that several connections share is overwritten while a part of it waits to"
                  + " be written: one client then receives another one's data. A pool with a thread"
                  + " for each direction serves half as many clients as it has threads.",
              Section11Relay::servesACrowd),
          rule(
              "11.21",
              "The relay MUST make one connection to the upstream for each client, when the client"
                  + " has connected; also after the upstream had refused connections.",
              "A connection that served another client may carry the rest of that conversation, and"
                  + " one that was made ahead may have been closed by the upstream meanwhile. A"
                  + " relay that remembers a failure stays down when its upstream is up again.",
              Section11Relay::connectsForEachClient),
          rule(
              "11.22",
              "If the upstream accepts no connection, the relay MUST reset the client and close the"
                  + " connecting socket, soon after the deadline at the latest.",
              "A host that is down, or whose backlog is full, does not refuse. With the default of"
                  + " tcp_syn_retries a connect then takes more than two minutes (tcp(7)), in which"
                  + " each further client costs two sockets.",
              Section11Relay::limitsConnecting));

  private static final long VOLUME = 16L << 20;
  private static final int BUFFERS = 64 * 1024;
  private static final int SMALL_BUFFERS = 32 * 1024;

  /** More than the kernel and a relay hold, if its receiver does not read. */
  private static final long MOST = 64L << 20;

  /** Enough to find a fault that shows in one of fifty resets, in all but one of 400 runs. */
  private static final int RESETS = 300;

  private static final int CHUNK = 1_000;

  /** A relay that connects to itself needs two descriptors each time, until none are left. */
  private static final int FEW = 64;

  private static final int STUCK = 6;
  private static final int STALLS = 3;
  private static final int SHARING = 2;
  private static final int PINGS = 30;
  private static final int MEANWHILES = 4;
  private static final int OCTETS = 256;
  private static final List<Integer> BUFFER_SIZES =
      List.of(512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536);

  /** Clients that send, and finish, at once. */
  private static final int HASTY = 25;

  private static final String EARLY_DATA = "what a client sent before the upstream accepted";

  /** How much a client sends at most before it is connected to the upstream. */
  private static final long EARLY = 4L << 20;

  /** Longer than the kernel takes to try again, after a second. */
  private static final Duration LONG_DEADLINE = Duration.ofSeconds(30);

  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final Duration SOON = Duration.ofMillis(50);

  /** When a receiver begins to read, how much it reads at a time, and how long it waits then. */
  private static final Duration LATE = Duration.ofMillis(200);

  private static final int PIECE = 64 * 1024;
  private static final Duration BETWEEN_PIECES = Duration.ofMillis(1);

  /** How many times as long as a server has to keep an idle connection. */
  private static final int SILENCES = 4;

  /** Fewer than half of 1,024 descriptors, a common limit, since each client takes two. */
  private static final int CROWD = 220;

  private static final long EACH = 12 * 1024;
  private static final int IN_TURN = 5;
  private static final int REFUSED = 30;
  private static final int CONNECTING = 40;

  /** Each of the ways to end is repeated more often than descriptors may be left. */
  private static final int ENDINGS = 16;

  private static final int AT_ONCE = 4;

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

  /** A client, and the connection to the upstream that the relay has made for it. */
  private record Pair(Peer client, Peer upstream) {

    Peer side(boolean isClient) {
      return isClient ? client : upstream;
    }

    /** Checks that bytes are forwarded in both directions. */
    void demandForwarding(String what) throws Broken {
      client.send("from client: " + what);
      upstream.expect("from client: " + what);
      upstream.send("from upstream: " + what);
      client.expect("from upstream: " + what);
    }

    /** Ends both directions, the client's first. */
    void end() throws Broken {
      client.finishSending();
      upstream.expectFin();
      upstream.finishSending();
      client.expectFin();
    }
  }

  private static Pair pair(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    Peer client = context.connect(program);
    return new Pair(client, backend.accept());
  }

  private static Pair narrowPair(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    Peer client = context.connectWithBuffers(program, SMALL_BUFFERS);
    return new Pair(client, backend.accept());
  }

  private static String name(boolean isClient) {
    return isClient ? "the client" : "the upstream";
  }

  /** Runs all steps at the same time; throws what the first of them throws. */
  private static void together(List<Peer.Step> steps) throws Broken, InterruptedException {
    Queue<Broken> failures = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (Peer.Step each : steps) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      each.run();
                    } catch (Broken e) {
                      failures.add(e);
                    } catch (InterruptedException _) {
                      Thread.currentThread().interrupt();
                    }
                  }));
    }
    for (Thread each : threads) {
      each.join();
    }
    Broken broken = failures.peek();
    if (broken != null) {
      throw broken;
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
    Backend backend = context.backendWithBuffers(BUFFERS);
    Instance program = context.program(backend);
    Peer client = context.connectWithBuffers(program, BUFFERS);
    try (Peer upstream = backend.accept()) {
      Peer sender = fromClient ? client : upstream;
      Peer receiver = fromClient ? upstream : client;
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      long sent =
          HeldBytes.demandFew(
              "a relay", sender, receiver, stream, ProgramConfig.RELAY_BYTES, 2 * Kernel.buffers());
      receiver.expectStream(stream, sent);
      for (int i = 2; i <= STALLS; i++) {
        try {
          long again = sender.sendUntilFull(stream, MOST);
          receiver.expectStream(stream, again);
        } catch (Broken e) {
          throw e.at("when %s reads again, time %d".formatted(name(!fromClient), i));
        }
      }
      sender.send("and on");
      receiver.expect("and on");
    }
  }

  private static void refused(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = context.program(context.refusingBackend());
    context.expectReset(program, context.patience());
  }

  private static void upstreamResets(TestContext context)
      throws Broken, IOException, InterruptedException {
    resets(context, false);
  }

  private static void clientResets(TestContext context)
      throws Broken, IOException, InterruptedException {
    resets(context, true);
  }

  /** Resets in each state of a conversation. */
  private static void resets(TestContext context, boolean byClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithBuffers(BUFFERS);
    Instance program = context.program(backend);

    Pair open = pair(context, program, backend);
    open.demandForwarding("a question");
    demandReset(context, open, byClient, "");

    Pair otherFinished = pair(context, program, backend);
    otherFinished.side(!byClient).finishSending();
    otherFinished.side(byClient).expectFin();
    demandReset(context, otherFinished, byClient, "after the FIN of " + name(!byClient));

    Pair stuck = pair(context, program, backend);
    stuck.side(!byClient).sendUntilFull(Text.stream(context.random().nextInt()), MOST);
    demandReset(context, stuck, byClient, "while %s does not read".formatted(name(byClient)));

    // The reader of the other direction has seen FIN; only a write tells that the peer is gone.
    Pair finished = pair(context, program, backend);
    finished.side(byClient).send("all");
    finished.side(byClient).finishSending();
    finished.side(!byClient).expect("all");
    finished.side(!byClient).expectFin();
    finished.side(byClient).reset();
    try {
      finished.side(!byClient).expectSendingFails();
    } catch (Broken e) {
      throw e.at("after FIN and RST of " + name(byClient));
    }
  }

  private static void demandReset(TestContext context, Pair it, boolean byClient, String when)
      throws Broken, IOException {
    try {
      it.side(byClient).send("half of an ans");
      it.side(!byClient).expect("half of an ans");
      it.side(byClient).reset();
      it.side(!byClient).expectReset(context.patience());
    } catch (Broken e) {
      throw when.isEmpty() ? e : e.at(when);
    }
  }

  private static void othersGoOn(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithBuffers(BUFFERS);
    Instance program = context.program(backend);
    List<Peer.Step> filling = new ArrayList<>();
    for (int i = 0; i < STUCK; i++) {
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      Peer client = context.connectWithBuffers(program, BUFFERS);
      Peer sender = new Pair(client, backend.accept()).side(i % 2 == 0);
      filling.add(() -> sender.sendUntilFull(stream, MOST));
    }
    together(filling);
    Pair other;
    try {
      other = pair(context, program, backend);
    } catch (Broken e) {
      throw e.at("beside %d clients that are stuck".formatted(STUCK));
    }
    for (int i = 0; i < PINGS; i++) {
      other.demandForwarding("ping");
    }
  }

  /**
   * In each round, one side resets while the other sends. A relay that writes to the first side in
   * one thread, and reads from it in another, gets the error in only one of them.
   */
  private static void carriesEachReset(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithBuffers(BUFFERS);
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
    // With data that waits in the relay, which sees the reset only behind it.
    for (boolean byClient : List.of(true, false)) {
      Peer client = context.connectWithBuffers(program, BUFFERS);
      Pair stuck = new Pair(client, backend.accept());
      stuck.side(byClient).sendUntilFull(Text.stream(context.random().nextInt()), MOST);
      stuck.side(byClient).reset();
      try {
        stuck.side(!byClient).expectResetAfterAll();
      } catch (Broken e) {
        throw e.at("%s reset while %s did not read".formatted(name(byClient), name(!byClient)));
      }
    }
  }

  private static void forwardsAtOnce(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Pair it = pair(context, context.program(backend), backend);
    for (int octet = 0; octet < OCTETS; octet++) {
      demandBothWays(it, new byte[] {(byte) octet});
    }
    for (int size : BUFFER_SIZES) {
      for (int length = size - 1; length <= size + 1; length++) {
        demandBothWays(it, Text.noise(context.random(), length));
      }
    }
  }

  private static void demandBothWays(Pair it, byte[] bytes) throws Broken {
    for (boolean fromClient : List.of(true, false)) {
      try {
        it.side(fromClient).send(bytes);
        it.side(!fromClient).expect(bytes);
      } catch (Broken e) {
        throw e.at("%,d bytes of %s".formatted(bytes.length, name(fromClient)));
      }
    }
  }

  private static void forwardsWhatComesEarly(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend plain = context.backend();
    Instance program = context.program(plain);
    for (int i = 0; i < HASTY; i++) {
      byte[] text = Text.noise(context.random(), context.random().nextInt(1, 3 * CHUNK));
      Peer client = context.connect(program);
      client.send(text, 0, text.length / 2);
      client.send(text, text.length / 2, text.length - text.length / 2);
      client.finishSending();
      try {
        demandWholeRequest(new Pair(client, plain.accept()), text);
      } catch (Broken e) {
        throw e.at(EARLY_DATA);
      }
    }
    beforeTheUpstreamAccepts(context);
  }

  private static void demandWholeRequest(Pair it, byte[] text) throws Broken {
    it.upstream.expect(text);
    it.upstream.expectFin();
    it.upstream.send("the reply");
    it.upstream.finishSending();
    it.client.expect("the reply");
    it.client.expectFin();
  }

  /** The backlog of the upstream is full, so that the relay is connecting for a second. */
  private static void beforeTheUpstreamAccepts(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.fullBackend();
    backend.makeRoom();
    Instance program =
        context.program(ProgramConfig.onLoopback(List.of(backend.address())).within(LONG_DEADLINE));
    Pair connected = pair(context, program, backend);
    connected.demandForwarding("before");
    backend.fill();
    Peer brief = context.connect(program);
    brief.send("brief\n");
    Peer bulky = context.connectWithBuffers(program, BUFFERS);
    bulky.send("bulky\n");
    brief.send("one, ");
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long sent = bulky.sendUntilFull(stream, EARLY);
    brief.send("two");
    brief.finishSending();
    Optional<Broken> readsTooMuch = demandFewRead(bulky);
    demandServedMeanwhile(context, program, backend, connected);
    backend.makeRoom();
    Map<String, Pair> connections =
        acceptEarly(context, backend, Map.of("brief", brief, "bulky", bulky));
    try {
      Pair first = connections.get("brief");
      if (first != null) {
        demandWholeRequest(first, "one, two".getBytes(US_ASCII));
      }
      Pair second = connections.get("bulky");
      if (second != null) {
        second.upstream.expectStream(stream, sent);
        second.demandForwarding("and on");
      }
    } catch (Broken e) {
      throw e.at(EARLY_DATA);
    }
    if (readsTooMuch.isPresent()) {
      throw readsTooMuch.get();
    }
  }

  /** Returns the failure of a relay that reads on; one that loses the data fails by that. */
  private static Optional<Broken> demandFewRead(Peer client) throws InterruptedException {
    try {
      HeldBytes.demandFewRead("a relay that is connecting", client, ProgramConfig.RELAY_BYTES);
      return Optional.empty();
    } catch (Broken e) {
      return Optional.of(e);
    }
  }

  /**
   * Demands that a client is served while the relay connects for another one. If the relay has
   * given up connecting by then, it may have served the client only afterwards, so this is tried
   * again.
   */
  private static void demandServedMeanwhile(
      TestContext context, Instance program, Backend full, Pair connected)
      throws Broken, IOException, InterruptedException {
    int port = full.address().getPort();
    for (int i = 0; i < MEANWHILES; i++) {
      long start = System.nanoTime();
      try {
        for (int j = 0; j < (i == 0 ? PINGS : 1); j++) {
          connected.demandForwarding("meanwhile");
        }
      } catch (Broken e) {
        throw e.at("while the relay connects for other clients");
      }
      boolean atOnce = System.nanoTime() - start < INTERVAL.toNanos();
      if (!Kernel.listsConnecting() || atOnce || Kernel.connecting(port) > 0) {
        return;
      }
      context.connect(program).send("other\n");
      long deadline = System.nanoTime() + context.patience().toNanos();
      while (Kernel.connecting(port) == 0 && System.nanoTime() - deadline < 0) {
        TimeUnit.MILLISECONDS.sleep(SOON.toMillis());
      }
    }
    throw Broken.late(
        "a client to be served while the relay connects for another one",
        "it was served only when the relay had given up connecting");
  }

  /**
   * Accepts the connections for clients whose first line is their name. A relay whose own limit for
   * connecting is over may have reset a client instead.
   */
  private static Map<String, Pair> acceptEarly(
      TestContext context, Backend backend, Map<String, Peer> clients) throws Broken, IOException {
    Map<String, Pair> connections = new HashMap<>();
    Map<String, Peer> missing = new HashMap<>(clients);
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (!missing.isEmpty()) {
      Optional<Peer> next = backend.acceptWithin(INTERVAL);
      if (next.isPresent()) {
        String name;
        try {
          name = next.get().line();
        } catch (Broken e) {
          if (removeGivenUp(context, missing)) {
            continue; // The connection was made just when the relay gave up.
          }
          throw e.at(EARLY_DATA);
        }
        Peer client = missing.remove(name);
        if (client != null) {
          connections.put(name, new Pair(client, next.get()));
        } else if (!name.equals("other")) {
          throw new Broken("one of the lines %s first".formatted(clients.keySet()), "got " + name);
        }
        continue;
      }
      if (System.nanoTime() - deadline > 0) {
        throw Broken.late(
            "a connection for each client that waits",
            "none was made for %,d ms".formatted(context.patience().toMillis()));
      }
      var _ = removeGivenUp(context, missing);
    }
    return connections;
  }

  /** Removes the clients that the relay has reset; returns whether there are any. */
  private static boolean removeGivenUp(TestContext context, Map<String, Peer> missing) {
    boolean some = missing.values().removeIf(it -> it.endsWithoutData(SOON));
    if (some) {
      context.note("sees the relay give up connecting");
    }
    return some;
  }

  private static void directionsAreIndependent(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithBuffers(BUFFERS);
    Instance program = context.program(backend);
    for (boolean fromClient : List.of(true, false)) {
      Peer client = context.connectWithBuffers(program, BUFFERS);
      Pair it = new Pair(client, backend.accept());
      Peer sender = it.side(fromClient);
      Peer busy = it.side(!fromClient);
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      Peer.BytePattern answer = Text.stream(context.random().nextInt());
      long sent = sender.sendUntilFull(stream, MOST);
      try {
        busy.whileSending(
            () -> {
              busy.sendStream(answer, VOLUME / 4);
              busy.finishSending();
            },
            () -> sender.expectStream(answer, VOLUME / 4));
        sender.expectFin();
      } catch (Broken e) {
        throw e.at("while %s sends, and does not read".formatted(name(!fromClient)));
      }
      busy.expectStream(stream, sent);
      sender.send("and on");
      busy.expect("and on");
      sender.finishSending();
      busy.expectFin();
    }
  }

  private static void deliversBeforeTheFin(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithBuffers(SMALL_BUFFERS);
    Instance program = context.program(backend);
    List<Peer.Step> steps = new ArrayList<>();
    for (long length : List.of(1L, 300_000L, MOST)) {
      for (boolean fromClient : List.of(true, false)) {
        for (boolean isLast : List.of(true, false)) {
          Pair it = narrowPair(context, program, backend);
          Peer.BytePattern stream = Text.stream(context.random().nextInt());
          steps.add(
              () -> deliverLate(it.side(fromClient), it.side(!fromClient), stream, length, isLast));
        }
      }
    }
    together(steps);
  }

  /**
   * Sends a stream and FIN to a receiver that reads late.
   *
   * @param isLast whether the receiver has finished before, so that this FIN ends the conversation
   */
  private static void deliverLate(
      Peer sender, Peer receiver, Peer.BytePattern stream, long length, boolean isLast)
      throws Broken, InterruptedException {
    if (isLast) {
      receiver.finishSending();
      sender.expectFin();
    }
    long sent = sender.sendUntilFull(stream, length);
    try {
      sender.finishSending();
      receiver.pause(LATE);
      for (long position = 0; position < sent; position += PIECE) {
        receiver.expectStream(stream.from(position), Math.min(PIECE, sent - position));
        Thread.sleep(BETWEEN_PIECES);
      }
      receiver.expectFin();
      if (!isLast) {
        receiver.send("the reply");
        receiver.finishSending();
        sender.expect("the reply");
        sender.expectFin();
      }
    } catch (Broken e) {
      throw e.at(
          "%,d bytes and FIN to a side that reads late%s"
              .formatted(sent, isLast ? ", after its own FIN" : ""));
    }
  }

  /** All conversations are silent at the same time. */
  private static void keepsSilentOnes(TestContext context)
      throws Broken, IOException, InterruptedException {
    Duration silence = context.time(IDLE).multipliedBy(SILENCES);
    Backend backend = context.backendWithBuffers(SMALL_BUFFERS);
    Instance program = context.program(backend);
    Pair unused = pair(context, program, backend);
    Pair used = pair(context, program, backend);
    used.demandForwarding("before");
    Pair asked = pair(context, program, backend);
    asked.client.send("a question");
    asked.client.finishSending();
    asked.upstream.expect("a question");
    asked.upstream.expectFin();
    Pair told = pair(context, program, backend);
    told.upstream.send("a greeting");
    told.upstream.finishSending();
    told.client.expect("a greeting");
    told.client.expectFin();
    Pair stuck = narrowPair(context, program, backend);
    Pair late = narrowPair(context, program, backend);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long[] sent = new long[2];
    after(
        silence,
        "while a side does not read",
        () ->
            together(
                List.of(
                    () -> sent[0] = stuck.upstream.sendUntilFull(stream, MOST),
                    () -> sent[1] = late.client.sendUntilFull(stream, MOST))));
    late.client.finishSending();
    after(silence, "of a client that has sent nothing", () -> unused.client.expectSilence(silence));
    after(silence, "of a client that has sent nothing", () -> unused.demandForwarding("at last"));
    after(silence, "of both sides", () -> used.demandForwarding("after"));
    after(
        silence,
        "after the client's FIN",
        () -> {
          asked.upstream.send("the answer");
          asked.client.expect("the answer");
          asked.upstream.finishSending();
          asked.client.expectFin();
        });
    after(
        silence,
        "after the upstream's FIN",
        () -> {
          told.client.send("thanks");
          told.upstream.expect("thanks");
          told.client.finishSending();
          told.upstream.expectFin();
        });
    after(
        silence,
        "while the client did not read",
        () -> {
          stuck.client.expectStream(stream, sent[0]);
          stuck.demandForwarding("and on");
        });
    after(
        silence,
        "while the upstream did not read, after the client's FIN",
        () -> {
          late.upstream.expectStream(stream, sent[1]);
          late.upstream.expectFin();
          late.upstream.send("the answer");
          late.client.expect("the answer");
        });
  }

  private static void after(Duration silence, String whose, Peer.Step step)
      throws Broken, InterruptedException {
    try {
      step.run();
    } catch (Broken e) {
      throw e.at("%,d ms of silence %s".formatted(silence.toMillis(), whose));
    }
  }

  private static void servesACrowd(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithBuffers(SMALL_BUFFERS);
    Instance program = context.program(backend);
    doNotShareBuffers(context, program, backend);
    keepNothingOfOthers(context, program, backend);
    int count = Math.min(CROWD, context.count(CLIENTS));
    List<Peer.Step> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String place = "client %d of %d".formatted(i + 1, count);
      Pair it;
      try {
        it = pair(context, program, backend);
      } catch (Broken e) {
        throw e.at(place);
      }
      Peer.BytePattern there = Text.stream(context.random().nextInt());
      Peer.BytePattern back = Text.stream(context.random().nextInt());
      steps.add(
          () -> {
            try {
              it.client.whileSending(
                  () -> it.client.exchange(there, EACH, back, EACH),
                  () -> it.upstream.exchange(back, EACH, there, EACH));
            } catch (Broken e) {
              throw e.at(place);
            }
          });
    }
    together(steps);
  }

  /** While nobody reads, each buffer of the relay holds a part of what it has read. */
  private static void doNotShareBuffers(TestContext context, Instance program, Backend backend)
      throws Broken, IOException, InterruptedException {
    List<Peer.Step> filling = new ArrayList<>();
    List<Peer.Step> reading = new ArrayList<>();
    for (int i = 0; i < SHARING; i++) {
      Pair it = narrowPair(context, program, backend);
      for (boolean fromClient : List.of(true, false)) {
        Peer.BytePattern stream = Text.stream(context.random().nextInt());
        AtomicLong sent = new AtomicLong();
        filling.add(() -> sent.set(it.side(fromClient).sendUntilFull(stream, MOST)));
        reading.add(() -> it.side(!fromClient).expectStream(stream, sent.get()));
      }
    }
    together(filling);
    try {
      together(reading);
    } catch (Broken e) {
      throw e.at("one of %d clients that begin to read at the same time".formatted(SHARING));
    }
  }

  /**
   * A descriptor has the lowest free number, so a new connection has that of one that was reset.
   */
  private static void keepNothingOfOthers(TestContext context, Instance program, Backend backend)
      throws Broken, IOException, InterruptedException {
    for (boolean byClient : List.of(true, false)) {
      Pair stuck = narrowPair(context, program, backend);
      stuck.side(!byClient).sendUntilFull(Text.stream(context.random().nextInt()), MOST);
      stuck.side(byClient).reset();
      stuck.side(!byClient).expectReset(context.patience());
      for (int i = 0; i < IN_TURN; i++) {
        try {
          pair(context, program, backend).demandForwarding("a new client");
        } catch (Broken e) {
          throw e.at("after data was pending for a side that reset");
        }
      }
    }
  }

  private static void connectsForEachClient(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    demandNoConnection(context, backend, "before a client has connected");
    for (int i = 0; i < IN_TURN; i++) {
      Pair it = pair(context, program, backend);
      it.demandForwarding("client %d".formatted(i));
      it.end();
    }
    Pair one = pair(context, program, backend);
    Pair two = pair(context, program, backend);
    one.demandForwarding("one");
    two.demandForwarding("two");
    one.end();
    two.demandForwarding("two again");
    demandNoConnection(context, backend, "besides those of the clients");

    Backend down = context.refusingBackend();
    Instance patient = context.program(down);
    for (int i = 0; i < REFUSED; i++) {
      context.expectReset(patient, context.patience());
    }
    down.startListening();
    try {
      for (int i = 0; i < IN_TURN; i++) {
        Pair it = pair(context, patient, down);
        it.demandForwarding("client %d".formatted(i));
        it.end();
      }
    } catch (Broken e) {
      throw e.at("after the upstream had refused %d connections".formatted(REFUSED));
    }
  }

  private static void demandNoConnection(TestContext context, Backend backend, String when)
      throws Broken, IOException {
    try {
      backend.expectNobody(context.time(SILENCE));
    } catch (Broken e) {
      throw e.at(when);
    }
  }

  /** Half of the clients are gone before the deadline; the others wait. */
  private static void limitsConnecting(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend full = context.fullBackend();
    ProgramConfig config = ProgramConfig.onLoopback(List.of(full.address()));
    Instance program = context.program(config);
    List<Peer> waiting = new ArrayList<>();
    List<Peer> leaving = new ArrayList<>();
    for (int i = 0; i < CONNECTING; i++) {
      Peer client = context.connect(program);
      (i % 2 == 0 ? leaving : waiting).add(client);
      if (i % 4 < 2) {
        client.send("a question");
      }
    }
    for (Peer each : leaving) {
      each.reset();
    }
    Duration most = config.deadline().plus(context.patience());
    long deadline = System.nanoTime() + most.toNanos();
    for (Peer each : waiting) {
      long left = Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
      try {
        each.expectReset(Duration.ofMillis(left));
      } catch (Broken e) {
        throw e.at("%,d ms after the client connected".formatted(most.toMillis()));
      }
    }
    if (Kernel.listsConnecting()) {
      int port = full.address().getPort();
      while (Kernel.connecting(port) > 0 && System.nanoTime() - deadline < 0) {
        TimeUnit.MILLISECONDS.sleep(SOON.toMillis());
      }
      long connecting = Kernel.connecting(port);
      if (connecting > 0) {
        throw Broken.late(
            "no socket that is still connecting, %,d ms after the clients connected"
                .formatted(most.toMillis()),
            "there are %d (SYN-SENT)".formatted(connecting));
      }
    }
    full.makeRoom();
    try {
      pair(context, program, full).demandForwarding("a client that came later");
    } catch (Broken e) {
      throw e.at("after the upstream had accepted no connection");
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
    Backend backend = context.backendWithBuffers(BUFFERS);
    Instance program = context.program(backend);
    pair(context, program, backend);
    for (boolean byClient : List.of(true, false)) {
      Pair finished = pair(context, program, backend);
      finished.side(byClient).finishSending();
      finished.side(!byClient).expectFin();
    }
    List<Peer.Step> filling = new ArrayList<>();
    for (boolean fromClient : List.of(true, false)) {
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      Peer client = context.connectWithBuffers(program, BUFFERS);
      Peer sender = new Pair(client, backend.accept()).side(fromClient);
      filling.add(() -> sender.sendUntilFull(stream, MOST));
    }
    together(filling);
    Shutdown.demand(context, program);
  }

  /** A way in which conversations with a relay end. */
  private record Ending(String how, Instance relay, ResourceLeaks.Conversations conversation) {}

  /** Ends conversations in every order, repeatedly, and counts descriptors and threads. */
  private static void leavesNothing(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    Instance refusing = context.program(context.refusingBackend());
    Backend unwatched = context.backend();
    Instance early = context.program(unwatched);
    List<Ending> endings = new ArrayList<>();
    for (boolean client : List.of(true, false)) {
      String one = name(client);
      String other = name(!client);
      endings.add(
          new Ending(
              "FIN of %s, then of %s".formatted(one, other),
              program,
              () -> {
                Pair it = pair(context, program, backend);
                finish(it, client);
                finish(it, !client);
                close(it);
              }));
      endings.add(
          new Ending(
              "RST of %s".formatted(one),
              program,
              () -> {
                Pair it = pair(context, program, backend);
                it.side(client).reset();
                it.side(!client).expectReset(context.patience());
                close(it);
              }));
      endings.add(
          new Ending(
              "FIN of %s, then RST of %s".formatted(one, other),
              program,
              () -> {
                Pair it = pair(context, program, backend);
                finish(it, client);
                it.side(!client).reset();
                it.side(client).expectReset(context.patience());
                close(it);
              }));
      endings.add(
          new Ending(
              "FIN of %s, then its RST".formatted(one),
              program,
              () -> {
                Pair it = pair(context, program, backend);
                finish(it, client);
                it.side(client).reset();
                it.side(!client).expectSendingFails();
                close(it);
              }));
      endings.add(
          new Ending(
              "close of %s, which has not read everything".formatted(one),
              program,
              () -> {
                Pair it = pair(context, program, backend);
                it.side(!client).send("a question");
                it.side(client).expect("a quest");
                it.side(client).close();
                it.side(!client).expectSendingFails();
                close(it);
              }));
    }
    endings.add(
        new Ending(
            "FIN of both at once", program, () -> finishBothAtOnce(context, program, backend)));
    endings.add(
        new Ending(
            "RST of both at once",
            program,
            () -> {
              Pair it = pair(context, program, backend);
              it.client.reset();
              it.upstream.reset();
            }));
    endings.add(
        new Ending(
            "a refused connection",
            refusing,
            () -> context.expectReset(refusing, context.patience())));
    endings.add(
        new Ending(
            "RST of a client before it is connected", early, () -> context.connect(early).reset()));
    List<Instance> programs = List.of(program, refusing, early);
    AtomicInteger calls = new AtomicInteger();
    ResourceLeaks.demandNone(
        context,
        programs,
        1,
        () -> {
          boolean warm = calls.incrementAndGet() > ResourceLeaks.WARM_UP;
          int least = context.count(DESCRIPTORS) * 3 / 2;
          int times = warm ? Math.max(least, context.count(CLOSES) / ENDINGS / 2) : 1;
          for (Ending each : endings) {
            demandNothingLeft(context, each, times);
          }
          unwatched.closePending();
        });
  }

  private static void finish(Pair it, boolean byClient) throws Broken {
    it.side(byClient).finishSending();
    it.side(!byClient).expectFin();
  }

  /** While the relay handles one pair, both FINs of the next ones arrive. */
  private static void finishBothAtOnce(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      pairs.add(pair(context, program, backend));
    }
    for (Pair each : pairs) {
      each.client.finishSending();
      each.upstream.finishSending();
    }
    for (Pair each : pairs) {
      each.client.expectFin();
      each.upstream.expectFin();
      close(each);
    }
  }

  private static void close(Pair it) {
    it.client.close();
    it.upstream.close();
  }

  private static void demandNothingLeft(TestContext context, Ending ending, int times)
      throws Broken, IOException, InterruptedException {
    CostMeter meter = context.meter(ending.relay);
    int more = context.count(DESCRIPTORS);
    Costs before = meter.now();
    try {
      for (int i = 0; i < times; i++) {
        ending.conversation.hold();
      }
      if (times > more) {
        Reading descriptors = () -> meter.now().descriptors();
        Reading threads = () -> meter.now().threads();
        demandAtMost(context, before.descriptors() + more, "descriptors", descriptors, ending);
        demandAtMost(context, before.threads() + more, "threads", threads, ending);
      }
    } catch (Broken e) {
      throw e.at(ending.how);
    }
  }

  /** A number that the kit can read again and again. */
  private interface Reading {
    long now() throws IOException;
  }

  /**
   * On a busy machine a relay may close late. But if it has served a further conversation, and the
   * number has not become smaller meanwhile, it is not late.
   */
  private static void demandAtMost(
      TestContext context, long most, String what, Reading reading, Ending ending)
      throws Broken, IOException, InterruptedException {
    ResourceLeaks.Counter counter = () -> OptionalLong.of(reading.now());
    try {
      ResourceLeaks.awaitAtMost(most, what, counter, context.patience());
    } catch (Broken late) {
      long before = reading.now();
      ending.conversation.hold();
      TimeUnit.MILLISECONDS.sleep(OBSERVATION.toMillis());
      long after = reading.now();
      if (after < before || after <= most) {
        throw late;
      }
      throw new Broken(
          "at most %d %s after all clients have left".formatted(most, what),
          "there are %d, and do not become fewer".formatted(after));
    }
  }
}
