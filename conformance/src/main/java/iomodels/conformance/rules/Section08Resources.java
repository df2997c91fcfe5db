package iomodels.conformance.rules;

import static iomodels.conformance.Bound.BUSY_CPU;
import static iomodels.conformance.Bound.CALM;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.Bound.DESCRIPTOR_LIMIT;
import static iomodels.conformance.Bound.IDLE_CPU;
import static iomodels.conformance.Bound.NEWCOMER;
import static iomodels.conformance.Bound.PATIENCE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.WATCH;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FLOOD;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.meter.ProcessorDemand;
import iomodels.meter.ProcessorTimes;
import iomodels.server.Notification;
import iomodels.server.Threading;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** Section 8: the resources that a server uses, measured from outside its process. */
final class Section08Resources {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "8.01",
              MUST,
              "The server MUST release every descriptor and every thread, however a connection"
                  + " ends.",
              "The number of descriptors is limited (RLIMIT_NOFILE, getrlimit(2)). A server"
                  + " that leaks one for each reset runs well for days; then accept(2) fails with"
                  + " EMFILE, and no new client is served.",
              Exchange.ANY_FLOOD_FIRST,
              Set.of(Precondition.PROCESS),
              Section08Resources::returnsDescriptors),
          new Rule(
              "8.02",
              MUST,
              "The server MUST use less than 1 % of a core while its clients are idle or do not"
                  + " read their replies.",
              "A loop that wakes up without need takes power, and processor time from other"
                  + " processes. A JDK bug that made Selector.select return at once kept a core"
                  + " busy in servers based on Netty (netty/netty#327).",
              Exchange.ANY,
              Set.of(Precondition.PROCESS, Precondition.TOLD),
              Section08Resources::restsWhileIdle),
          new Rule(
              "8.03",
              MUST,
              "The server MUST have the threads that it declares: as many as before, or one"
                  + " more for each client.",
              "A platform thread needs a stack, and the number of threads is limited"
                  + " (pthread_create(3), EAGAIN). An operator who plans capacity by the declared"
                  + " model would run out of memory or threads.",
              Exchange.BYTEWISE,
              Set.of(Precondition.PROCESS, Precondition.DECLARED),
              Section08Resources::hasDeclaredThreads),
          new Rule(
              "8.04",
              MUST,
              "When descriptors run out, the server MUST neither exit nor spin; it MUST keep"
                  + " serving its open connections, and MUST serve new clients, and rest while they"
                  + " are idle, once descriptors are free again.",
              "accept(2) fails with EMFILE and leaves the connection in the queue, so the listening"
                  + " socket stays ready, and a loop that tries again at once spins (libev manual,"
                  + " \"The special problem of accept()ing when you can't\"). A loop that ends at"
                  + " the error never accepts again.",
              Exchange.ANY,
              Set.of(Precondition.CONCURRENT, Precondition.PROCESS, Precondition.LIMIT),
              Section08Resources::survivesWithoutDescriptors),
          new Rule(
              "8.05",
              MUST,
              "A server that is declared a poller MUST keep a core busy while its clients are"
                  + " idle.",
              "The cost of polling is what there is to learn from it: asking the kernel again and"
                  + " again often wastes processor time (Stevens, UNP vol. 1, section 6.2). A"
                  + " server that waits in the kernel instead is another model, and its"
                  + " measurements would mislead.",
              Exchange.BYTEWISE,
              Set.of(Precondition.PROCESS, Precondition.POLLER),
              Scheduling.TIMED,
              Section08Resources::burnsItsCore),
          new Rule(
              "8.06",
              MUST,
              "When few descriptors are left, the server MUST serve a new client soon, even"
                  + " if many dead connections are queued before it.",
              "A client may reset its connection before it is accepted (Stevens, UNP vol. 1,"
                  + " section 5.11); on Linux, accept(2) still returns that connection, which takes"
                  + " a descriptor for a moment. A server that pauses at each EMFILE for a fixed"
                  + " time keeps live clients waiting behind dead ones.",
              Exchange.ANSWERING,
              Set.of(Precondition.CONCURRENT, Precondition.PROCESS, Precondition.LIMIT),
              Scheduling.TIMED,
              Section08Resources::servesNewcomers));

  private static final int WARM_UP = 4;

  /** The number of additional sockets that may be open afterwards. */
  private static final int SOCKETS = 2;

  private static final Duration THREADS_END = Duration.ofSeconds(1);
  private static final long SAMPLE_INTERVAL_MILLIS = 5;
  private static final int STALLED = 2;
  private static final long MOST_SENT = 8 << 20;
  private static final int IDLE_CLIENTS = 20;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final int MOST_WARMED_UP = 64;
  private static final Duration POLL_INTERVAL = Duration.ofMillis(50);
  private static final int EQUAL_SAMPLES = 6;

  /** A busy machine may keep a server waiting for most of the time: four times as long, at most. */
  private static final int MOST_DELAYED = 4;

  /** The number of descriptors that are freed, for each process. */
  private static final int SPARE = 3;

  /** The number of dead connections that are queued before the newcomer. */
  private static final int DEAD = 200;

  private Section08Resources() {}

  /** After the clients of each kind, so that the message can name the kind. */
  private static void returnsDescriptors(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launchAlone();
    CostMeter meter = context.meter(server);
    List<Ending> endings = Ending.of(Exchange.of(context));
    // A runtime opens descriptors of its own on first use, and keeps them.
    for (Ending each : endings) {
      each.repeat(context, server.address(), WARM_UP);
    }
    int descriptors = settled(meter) + context.count(DESCRIPTORS);
    int sockets = meter.sockets() + SOCKETS;
    int rounds = Math.ceilDiv(context.count(CLOSES), 10);
    // A runtime starts threads of its own: compilers, garbage collectors, carrier threads.
    int own = 8 + 2 * Runtime.getRuntime().availableProcessors();
    int idle = meter.now().threads();
    Ending.CLOSE.repeat(context, server.address(), rounds);
    // A pool of threads may start another one for each connection until it is full.
    boolean isPool = !decreases(idle + own, () -> meter.now().threads(), THREADS_END);
    for (Ending each : endings) {
      int threads = isPool ? Integer.MAX_VALUE : meter.now().threads() + own;
      String who = each.repeat(context, server.address(), rounds) + " clients that " + each.words();
      demandAtMost(context, sockets, "sockets", who, meter::sockets);
      demandAtMost(context, descriptors, "descriptors", who, () -> meter.now().descriptors());
      demandAtMost(context, threads, "threads", who, () -> meter.now().threads());
    }
  }

  /** Samples a number of descriptors or threads. */
  private interface Counter {
    int sample() throws IOException;
  }

  private static void demandAtMost(
      TestContext context, int most, String what, String who, Counter counter)
      throws Broken, IOException, InterruptedException {
    if (!decreases(most, counter, context.patience())) {
      throw Broken.late(
          "at most %d %s after %s".formatted(most, what, who),
          "%d are open".formatted(counter.sample()));
    }
  }

  /** Waits until there are few enough; returns false at the time limit. */
  private static boolean decreases(int most, Counter counter, Duration within)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + within.toNanos();
    while (counter.sample() > most) {
      if (System.nanoTime() - deadline > 0) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(SAMPLE_INTERVAL_MILLIS);
    }
    return true;
  }

  /** Waits until the number of open descriptors is stable, and returns it. */
  private static int settled(CostMeter meter) throws IOException, InterruptedException {
    int last = -1;
    for (int equal = 0; equal < EQUAL_SAMPLES; ) {
      int now = meter.now().descriptors();
      equal = now == last ? equal + 1 : 0;
      last = now;
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL.toMillis());
    }
    return last;
  }

  /** The lowest load counts: at first a runtime has work of its own, such as compiling. */
  private static void restsWhileIdle(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Instance server = context.launchAlone();
    for (Ending each : Ending.of(exchange)) {
      each.repeat(context, server.address(), 1);
    }
    List<Peer> stalled = stall(context, exchange, server);
    serve(context, server, IDLE_CLIENTS);
    if (isBusy(context, server)) {
      // Which of them keep it busy?
      stalled.forEach(Peer::close);
      String clients =
          stalled.isEmpty() || isBusy(context, server)
              ? "idle clients and clients that have left"
              : "idle clients and clients that do not read their replies";
      throw new Broken(
          "less than %d %% of a core with %s".formatted(context.count(IDLE_CPU), clients),
          "it never used less than that");
    }
  }

  /** Returns whether the server never uses less than 1 % of a core for a moment. */
  static boolean isBusy(TestContext context, Instance server)
      throws IOException, InterruptedException {
    double least =
        least(
            context,
            context.meter(server),
            ProcessorDemand::used,
            context.count(IDLE_CPU),
            context.time(CALM));
    context.note("sees the server use %.1f %% of a core at least".formatted(least));
    return least >= context.count(IDLE_CPU);
  }

  /**
   * Clients that do not read their replies. All but the first have sent FIN: behind requests that
   * the server has not read, or when it had read everything, and held a part of the replies.
   */
  private static List<Peer> stall(TestContext context, Exchange exchange, Instance server)
      throws Broken, IOException, InterruptedException {
    List<Peer> stalled = new ArrayList<>();
    if (!exchange.pipelines() || !context.isConcurrent()) {
      return stalled;
    }
    for (int i = 0; i < STALLED; i++) {
      Peer peer = context.connectWithWindow(server, SMALL_WINDOW);
      if (exchange.is(FLOOD)) {
        peer.send("100000000\n");
        peer.pauseUntilFull();
      } else {
        peer.sendUntilFull(exchange.flow(i).requests(), MOST_SENT);
      }
      stalled.add(peer);
    }
    if (!exchange.is(FLOOD)) {
      OptionalLong given = BlockedServer.given(stalled.getFirst());
      for (int beyond : BlockedServer.BEYOND) {
        Peer peer = context.connectWithWindow(server, SMALL_WINDOW);
        BlockedServer.block(peer, exchange.flow(beyond), given, beyond, MOST_SENT);
        stalled.add(peer);
      }
    }
    for (Peer each : stalled.subList(1, stalled.size())) {
      each.finishSending();
    }
    return stalled;
  }

  private static void burnsItsCore(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launchAlone();
    serve(context, server, IDLE_CLIENTS);
    double least =
        least(
            context,
            context.meter(server),
            ProcessorDemand::wanted,
            context.count(BUSY_CPU),
            context.time(CALM));
    if (least < context.count(BUSY_CPU)) {
      throw new Broken(
          "a poller that demands at least %d %% of a core".formatted(context.count(BUSY_CPU)),
          "it demanded %.1f %%: it waits in the kernel".formatted(least));
    }
  }

  /**
   * Returns the lowest load, in per cent of a core, over two consecutive windows: in one window a
   * server that spins may get no processor. Stops at the first two windows below {@code enough}.
   *
   * <p>The time that a busy machine keeps the server waiting does not count: a runtime that still
   * compiles takes longer there. If a thread never got a processor in a window, the window is
   * extended.
   *
   * @param load what is read of a window
   * @param atMost how long to watch, without the time that the server was kept waiting
   */
  private static double least(
      TestContext context,
      CostMeter meter,
      ToDoubleFunction<ProcessorDemand> load,
      double enough,
      Duration atMost)
      throws IOException, InterruptedException {
    double least = Double.MAX_VALUE;
    double last = Double.MAX_VALUE;
    Duration own = Duration.ZERO;
    long deadline = System.nanoTime() + atMost.multipliedBy(MOST_DELAYED).toNanos();
    ProcessorTimes before = meter.processorTimes();
    while (least >= enough && own.compareTo(atMost) < 0 && System.nanoTime() - deadline < 0) {
      Thread.sleep(context.time(WATCH));
      ProcessorTimes now = meter.processorTimes();
      ProcessorDemand demand = now.since(before);
      if (demand.starved()) {
        context.note("sees a thread that waits for a processor all the time");
        continue;
      }
      before = now;
      own = own.plus(demand.own());
      double percent = load.applyAsDouble(demand);
      context.note("sees the server use %.1f %% of a core".formatted(percent));
      least = Math.min(least, Math.max(percent, last));
      last = percent;
    }
    if (least == Double.MAX_VALUE) {
      throw new Inconclusive("the machine gave the server no processor to be measured on");
    }
    return least;
  }

  private static void hasDeclaredThreads(TestContext context)
      throws Broken, IOException, InterruptedException {
    Threading threading = context.card().orElseThrow().threading();
    // A runtime starts threads of its own on demand, and more of them on a larger machine.
    int own = 8 + 2 * Runtime.getRuntime().availableProcessors();
    int clients = 5 * own;
    Instance server = context.launchAlone();
    CostMeter meter = context.meter(server);
    int warm = threading == Threading.POOL ? context.atOnce(MOST_WARMED_UP) : 1;
    serve(context, server, warm);
    int before = meter.now().threads();
    int served = serve(context, server, clients);
    int grown = meter.now().threads() - before;
    context.note("sees %d more threads with %d more clients".formatted(grown, clients));
    int atLeast = threading == Threading.PER_CONNECTION ? served - own : Integer.MIN_VALUE;
    int atMost =
        switch (threading) {
          case PER_CONNECTION, PROCESSES -> clients + own;
          case ONE, POOL, EVENT_LOOPS, VIRTUAL_PER_CONNECTION -> own;
        };
    if (grown < atLeast || grown > atMost) {
      throw new Broken(
          "threads as declared: " + threading,
          "it had %d more threads with %d more clients".formatted(grown, clients));
    }
    if (threading == Threading.PROCESSES
        && server.process().orElseThrow().descendants().findAny().isEmpty()) {
      throw new Broken("processes, as declared", "there is only one");
    }
  }

  /**
   * Connects clients, each of which sends a request. Returns the number of clients that are served
   * at the same time; 0 if the server has a maximum, so that some clients wait.
   */
  private static int serve(TestContext context, Instance server, int clients)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    boolean limited = context.atOnce(Integer.MAX_VALUE) < Integer.MAX_VALUE;
    // One more than it serves: the backlog of a small server is short.
    int connecting = limited ? Math.min(clients, context.atOnce(clients) + 1) : clients;
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < connecting; i++) {
      Peer peer = context.connect(server);
      peer.send(exchange.request(i));
      peers.add(peer);
    }
    if (limited) {
      peers.getFirst().pause(context.time(SILENCE));
      return 0;
    }
    for (int i = 0; i < clients; i++) {
      peers.get(i).expect(exchange.reply(i));
    }
    return clients;
  }

  private static void survivesWithoutDescriptors(TestContext context)
      throws Broken, IOException, InterruptedException {
    int limit = context.count(DESCRIPTOR_LIMIT);
    Instance server = context.launchWithin(limit);
    CostMeter meter = context.meter(server);
    Exchange exchange = Exchange.of(context);
    Peer first = context.connect(server);
    exchange.hold(first, 1);
    int processes = 1 + (int) server.process().orElseThrow().descendants().count();
    List<Peer> crowd = new ArrayList<>();
    for (int i = 0; i < processes * limit; i++) {
      crowd.add(context.connect(server));
    }
    int open = settled(context, server, meter);
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (open < limit - 4 && System.nanoTime() - deadline < 0) {
      open = settled(context, server, meter); // On a busy machine it has not accepted all yet.
    }
    context.note("sees %d descriptors open, with %d clients".formatted(open, crowd.size()));
    if (open < limit - 4) {
      throw new Inconclusive("its descriptors did not run out");
    }
    boolean poller =
        context.card().filter(it -> it.notification() == Notification.POLLING).isPresent();
    if (!poller) {
      demandRest(context, meter, "");
    }
    exchange.hold(first, 2);
    for (Peer peer : crowd.subList(0, processes)) {
      peer.close(); // Those that wait take the descriptors at once.
    }
    if (!poller) {
      demandRest(context, meter, ", after a few had become free");
    }
    for (Peer peer : crowd) {
      peer.close();
    }
    exchange.holdLast(context.connect(server), 3);
    exchange.hold(first, 4);
    if (!poller && isBusy(context, server)) {
      throw new Broken(
          "less than %d %% of a core with an idle client, once descriptors are free again"
              .formatted(context.count(IDLE_CPU)),
          "it never used less than that");
    }
    exchange.holdLast(first, 5);
  }

  private static void demandRest(TestContext context, CostMeter meter, String when)
      throws Broken, IOException, InterruptedException {
    double least =
        least(context, meter, ProcessorDemand::wanted, context.count(BUSY_CPU), context.time(CALM));
    if (least >= context.count(BUSY_CPU)) {
      throw new Broken(
          "a server that rests while there are no descriptors" + when,
          "it never demanded less than %.0f %% of a core".formatted(least));
    }
  }

  /** Like {@link #settled(CostMeter)}, for a server that may exit when descriptors run out. */
  private static int settled(TestContext context, Instance server, CostMeter meter)
      throws Broken, IOException, InterruptedException {
    try {
      return settled(meter);
    } catch (IOException e) {
      if (server.awaitEnd(context.time(SILENCE))) {
        throw new Broken(
            "a server that keeps running when descriptors have run out", "it has ended");
      }
      throw e;
    }
  }

  /**
   * The dead connections are reset before they are accepted. Each takes a descriptor for a moment.
   * A server that pauses at each EMFILE, and does not try again when a descriptor is free, serves
   * the newcomer seconds late.
   */
  private static void servesNewcomers(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    int limit = context.count(DESCRIPTOR_LIMIT);
    Instance server = context.launchWithin(limit);
    CostMeter meter = context.meter(server);
    int processes = 1 + (int) server.process().orElseThrow().descendants().count();
    List<Peer> served = new ArrayList<>();
    List<Peer> waiting = new ArrayList<>();
    while (waiting.size() < processes && served.size() < processes * limit) {
      Peer peer = context.connect(server);
      peer.send(exchange.request(1));
      boolean isServed = peer.receives(context.time(SILENCE));
      if (!isServed && meter.now().descriptors() < limit - 4) {
        isServed =
            peer.receives(context.time(PATIENCE)); // Descriptors are left: the server is only slow.
      }
      (isServed ? served : waiting).add(peer);
    }
    int open = meter.now().descriptors();
    if (waiting.isEmpty() || served.size() < SPARE || open < limit - 4) {
      throw new Inconclusive("its descriptors did not run out: %d are open".formatted(open));
    }
    for (Peer each : waiting) {
      each.reset();
    }
    int dead = 0;
    while (dead < DEAD && queues(server, context.time(SILENCE))) {
      dead++;
    }
    context.note("has put %d dead connections into the accept queue".formatted(dead));
    Peer newcomer = context.connect(server);
    newcomer.send(exchange.request(2));
    for (Peer leaving : served.subList(0, Math.min(SPARE * processes, served.size()))) {
      leaving.close();
    }
    newcomer.expectWithin(context.time(NEWCOMER), exchange.reply(2));
  }

  /** Connects and resets; returns false if the accept queue is full. */
  private static boolean queues(Instance server, Duration within) throws IOException {
    try (SocketChannel dead = SocketChannel.open()) {
      dead.socket().connect(server.address(), Math.toIntExact(within.toMillis()));
      dead.setOption(StandardSocketOptions.SO_LINGER, 0);
      return true;
    } catch (SocketTimeoutException _) {
      return false;
    }
  }
}
