package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section11Relay.CHUNK;
import static iomodels.conformance.rules.Section11Relay.IN_TURN;
import static iomodels.conformance.rules.Section11Relay.OBSERVATION;
import static iomodels.conformance.rules.Section11Relay.PINGS;
import static iomodels.conformance.rules.Section11Relay.WINDOW;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** How a relay connects to its upstream: for each client, soon, and within a deadline. */
final class RelayConnecting {

  /** A relay that connects to itself needs two descriptors each time, until none are left. */
  private static final int FEW = 64;

  private static final int MEANWHILES = 4;

  /** Clients that send, and finish, at once. */
  private static final int HASTY = 25;

  private static final String EARLY_DATA = "what a client sent before the upstream accepted";

  /** How much a client sends at most before it is connected to the upstream. */
  private static final long EARLY = 4L << 20;

  /** Longer than the kernel takes to try again, after a second. */
  private static final Duration LONG_DEADLINE = Duration.ofSeconds(30);

  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final Duration SOON = Duration.ofMillis(50);
  private static final int REFUSED = 30;
  private static final int CONNECTING = 40;
  private static final long POLL_INTERVAL_MILLIS = 10;

  private RelayConnecting() {}

  /** Rule 11.07. */
  static void refused(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = context.program(context.refusingBackend());
    context.expectReset(program, context.patience());
  }

  /** Rule 11.16. */
  static void forwardsWhatComesEarly(TestContext context)
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
        demandWholeRequest(new RelayPair(client, plain.accept()), text);
      } catch (Broken e) {
        throw e.at(EARLY_DATA);
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
    brief.send("two");
    brief.finishSending();
    Optional<Broken> readsTooMuch = demandFewRead(bulky);
    demandServedMeanwhile(context, program, backend, connected);
    backend.makeRoom();
    Map<String, RelayPair> connections =
        acceptEarly(context, backend, Map.of("brief", brief, "bulky", bulky));
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
  private static Map<String, RelayPair> acceptEarly(
      TestContext context, Backend backend, Map<String, Peer> clients) throws Broken, IOException {
    Map<String, RelayPair> connections = new HashMap<>();
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
          connections.put(name, new RelayPair(client, next.get()));
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
      context.expectReset(patient, context.patience());
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

  /** Rule 11.22. Half of the clients are gone before the deadline; the others wait. */
  static void limitsConnecting(TestContext context)
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
      RelayPair.open(context, program, full).demandForwarding("a client that came later");
    } catch (Broken e) {
      throw e.at("after the upstream had accepted no connection");
    }
  }

  /** Rule 11.14. */
  static void isNotItsOwnUpstream(TestContext context)
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
}
