package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section11Relay.CHUNK;
import static iomodels.conformance.rules.Section11Relay.IN_TURN;
import static iomodels.conformance.rules.Section11Relay.PINGS;
import static iomodels.conformance.rules.Section11Relay.WINDOW;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** How a relay connects to its upstream: for each client, soon, and whatever the client does. */
final class RelayConnecting {

  private static final int MEANWHILES = 4;

  /** Clients that send, and finish, at once. */
  private static final int HASTY = 25;

  /** Of these, one in so many sends nothing before its FIN. */
  private static final int EMPTY_EVERY = 3;

  private static final String EARLY_DATA = "what a client sent before the upstream accepted";
  private static final String EARLY_FIN = "FIN without data before the upstream accepted";

  /** Stands for the name of a client that sends FIN, and no line. */
  private static final String MUTE = "";

  /** How much a client sends at most before it is connected to the upstream. */
  private static final long EARLY = 16L << 20;

  /** Longer than the kernel takes to try again, after a second. */
  static final Duration LONG_DEADLINE = Duration.ofSeconds(30);

  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final Duration SOON = Duration.ofMillis(50);
  private static final int REFUSED = 30;
  private static final long POLL_INTERVAL_MILLIS = 10;

  private RelayConnecting() {}

  /** Rule 11.16. */
  static void forwardsWhatComesEarly(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend plain = context.backend();
    Instance program = context.program(plain);
    for (int i = 0; i < HASTY; i++) {
      int length = i % EMPTY_EVERY == 0 ? 0 : context.random().nextInt(1, 3 * CHUNK);
      byte[] text = Text.noise(context.random(), length);
      Peer client = context.connect(program);
      client.send(text, 0, text.length / 2);
      client.send(text, text.length / 2, text.length - text.length / 2);
      client.finishSending();
      try {
        demandWholeRequest(new RelayPair(client, plain.accept()), text);
      } catch (Broken e) {
        throw e.at(length == 0 ? EARLY_FIN : EARLY_DATA);
      }
    }
    beforeTheUpstreamAccepts(context);
  }

  private static void demandWholeRequest(RelayPair it, byte[] text) throws Broken {
    it.upstream().expect(text);
    it.upstream().expectFin();
    it.upstream().send("the reply");
    it.upstream().finishSending();
    it.client().expect("the reply");
    it.client().expectFin();
  }

  /** The backlog of the upstream is full, so that the relay is connecting for a second. */
  private static void beforeTheUpstreamAccepts(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.fullBackend();
    backend.makeRoom();
    Instance program =
        context.program(ProgramConfig.onLoopback(List.of(backend.address())).within(LONG_DEADLINE));
    RelayPair connected = RelayPair.open(context, program, backend);
    connected.demandForwarding("before");
    backend.fill();
    Peer brief = context.connect(program);
    brief.send("brief\n");
    Peer bulky = context.connectWithWindow(program, WINDOW);
    bulky.send("bulky\n");
    brief.send("one, ");
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long sent = bulky.sendUntilFull(stream, EARLY);
    Peer mute = context.connect(program);
    mute.finishSending();
    // A relay with a shorter limit of its own may have given up by now.
    if (brief.sendUnlessReset("two".getBytes(US_ASCII))) {
      brief.finishSending();
    }
    Optional<Broken> readsTooMuch = demandFewRead(bulky);
    demandServedMeanwhile(context, program, backend, connected);
    demandStillWaiting(mute, bulky);
    backend.makeRoom();
    Map<String, RelayPair> connections =
        acceptEarly(context, backend, Map.of("brief", brief, "bulky", bulky, MUTE, mute));
    try {
      RelayPair first = connections.get("brief");
      if (first != null) {
        demandWholeRequest(first, "one, two".getBytes(US_ASCII));
      }
      RelayPair second = connections.get("bulky");
      if (second != null) {
        second.upstream().expectStream(stream, sent);
        second.demandForwarding("and on");
      }
    } catch (Broken e) {
      throw e.at(EARLY_DATA);
    }
    RelayPair third = connections.get(MUTE);
    if (third != null) {
      try {
        demandWholeRequest(third, new byte[0]);
      } catch (Broken e) {
        throw e.at(EARLY_FIN);
      }
    }
    if (readsTooMuch.isPresent()) {
      throw readsTooMuch.get();
    }
  }

  /**
   * Demands that a FIN does not end a conversation before the upstream accepts. A relay with a
   * limit of its own for connecting gives up the client that connected earlier first.
   */
  private static void demandStillWaiting(Peer finished, Peer earlier) throws Broken {
    if (finished.endsWithoutData(SOON) && !earlier.endsWithoutData(SOON)) {
      throw new Broken(
              "a client that waits until the upstream accepts",
              "its connection ended, and that of a client that connected earlier did not")
          .at(EARLY_FIN);
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
      TestContext context, Instance program, Backend full, RelayPair connected)
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
      awaitConnecting(context, full, 1);
    }
    throw Broken.late(
        "a client to be served while the relay connects for another one",
        "it was served only when the relay had given up connecting");
  }

  /**
   * Accepts the connections for clients whose first line is their name, or that have finished
   * without a line. A relay whose own limit for connecting is over may have reset a client instead.
   */
  private static Map<String, RelayPair> acceptEarly(
      TestContext context, Backend backend, Map<String, Peer> clients) throws Broken, IOException {
    Map<String, RelayPair> connections = new HashMap<>();
    Map<String, Peer> missing = new HashMap<>(clients);
    boolean givesUp = false;
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (!missing.isEmpty()) {
      Optional<Peer> next = backend.acceptWithin(INTERVAL);
      if (next.isEmpty()) {
        if (System.nanoTime() - deadline > 0) {
          throw Broken.late(
              "a connection for each client that waits",
              "none was made for %,d ms".formatted(context.patience().toMillis()));
        }
        givesUp |= removeGivenUp(context, missing);
        continue;
      }
      String name;
      try {
        name = next.get().lineOrEnd().orElse(MUTE);
      } catch (Broken e) {
        throw e.at(EARLY_DATA);
      }
      // A connection that ends may have been made just when the relay gave up.
      givesUp |= name.equals(MUTE) && removeGivenUp(context, missing);
      Peer client = missing.remove(name);
      if (client != null) {
        connections.put(name, new RelayPair(client, next.get()));
      } else if (!name.equals("other") && !(name.equals(MUTE) && givesUp)) {
        throw new Broken(
                "one of the lines brief and bulky first",
                "got " + (name.equals(MUTE) ? "the end of a connection without one" : name))
            .at(EARLY_DATA);
      }
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

  /** Rule 11.09: clients that reset while the relay connects for them. */
  static void resetsBeforeTheUpstreamAccepts(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.fullBackend();
    Instance program =
        context.program(ProgramConfig.onLoopback(List.of(backend.address())).within(LONG_DEADLINE));
    Peer asking = context.connect(program);
    asking.send("half of a quest");
    Peer silent = context.connect(program);
    awaitConnecting(context, backend, 2);
    asking.reset();
    silent.reset();
    backend.makeRoom();
    // A relay that has noticed the resets makes no connection; another one makes it, and resets it.
    long deadline = System.nanoTime() + context.patience().toNanos();
    boolean isSettled = false;
    while (!isSettled && System.nanoTime() - deadline < 0) {
      boolean isConnecting = !Kernel.listsConnecting() || isConnecting(backend);
      Optional<Peer> upstream = backend.acceptWithin(SOON);
      if (upstream.isPresent()) {
        try {
          upstream.get().expectResetAfterAll();
        } catch (Broken e) {
          throw e.at("a client reset before the upstream accepted");
        }
      }
      isSettled = !isConnecting && upstream.isEmpty();
    }
  }

  private static boolean isConnecting(Backend backend) throws IOException {
    return Kernel.connecting(backend.address().getPort()) > 0;
  }

  /** Waits until the relay connects for so many clients, or for a moment if the kit cannot see. */
  private static void awaitConnecting(TestContext context, Backend backend, int clients)
      throws IOException, InterruptedException {
    if (!Kernel.listsConnecting()) {
      TimeUnit.MILLISECONDS.sleep(INTERVAL.toMillis());
      return;
    }
    int port = backend.address().getPort();
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (Kernel.connecting(port) < clients && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
    }
  }

  /** Rule 11.21. */
  static void connectsForEachClient(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    demandNoConnection(context, backend, "before a client has connected");
    for (int i = 0; i < IN_TURN; i++) {
      RelayPair it = RelayPair.open(context, program, backend);
      it.demandForwarding("client %d".formatted(i));
      it.end();
    }
    RelayPair one = RelayPair.open(context, program, backend);
    RelayPair two = RelayPair.open(context, program, backend);
    one.demandForwarding("one");
    two.demandForwarding("two");
    one.end();
    two.demandForwarding("two again");
    demandNoConnection(context, backend, "besides those of the clients");

    Backend down = context.refusingBackend();
    Instance patient = context.program(down);
    for (int i = 0; i < REFUSED; i++) {
      context.expectEnd(patient, context.patience());
    }
    down.startListening();
    try {
      for (int i = 0; i < IN_TURN; i++) {
        RelayPair it = RelayPair.open(context, patient, down);
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
}
