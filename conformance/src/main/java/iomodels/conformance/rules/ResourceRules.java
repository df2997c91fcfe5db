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
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.server.Notification;
import iomodels.server.Threading;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 8: what a server uses, seen from outside its process. */
final class ResourceRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "8.01",
              MUST,
              "Give every descriptor back, however a connection ends.",
              FLOOD,
              Set.of(Need.PROCESS),
              ResourceRules::returnsDescriptors),
          new Rule(
              "8.02",
              MUST,
              "Take less than 1 % of a core while clients are idle.",
              UPPER,
              Set.of(Need.PROCESS, Need.TOLD),
              ResourceRules::restsWhileIdle),
          new Rule(
              "8.03",
              MUST,
              "Have the threads that are declared: as many as before, or one more for each client.",
              UPPER,
              Set.of(Need.PROCESS, Need.DECLARED),
              ResourceRules::hasDeclaredThreads),
          new Rule(
              "8.04",
              MUST,
              "When descriptors run out, neither die nor spin; serve the others, and new clients"
                  + " once there are descriptors again.",
              UPPER,
              Set.of(Need.CONCURRENT, Need.PROCESS, Need.LIMIT),
              ResourceRules::survivesWithoutDescriptors),
          new Rule(
              "8.05",
              MUST,
              "Burn the core, as a declared poller does, while clients are idle.",
              UPPER,
              Set.of(Need.PROCESS, Need.POLLER, Need.TIMED),
              ResourceRules::burnsItsCore),
          new Rule(
              "8.06",
              MUST,
              "With few descriptors left, serve a newcomer soon, though many that wait before it"
                  + " are dead.",
              UPPER,
              Set.of(Need.CONCURRENT, Need.PROCESS, Need.LIMIT, Need.TIMED),
              ResourceRules::servesNewcomers));

  private static final int WARM_UP = 10;
  private static final int IDLE_CLIENTS = 20;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final int MOST_WARMED_UP = 64;
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);
  private static final int LOOKS_ALIKE = 6;

  /** How many descriptors are free, for each process; and how many dead ones want them first. */
  private static final int SPARE = 3;

  private static final int DEAD = 200;

  private ResourceRules() {}

  private static void returnsDescriptors(Trial trial)
      throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    CostMeter meter = trial.meter(server);
    // A runtime opens some of its own when it first needs them, and keeps them.
    comeAndGo(trial, server, WARM_UP);
    int before = settled(meter);
    comeAndGo(trial, server, Math.ceilDiv(trial.count(CLOSES), 4));
    long deadline = System.nanoTime() + trial.patience().toNanos();
    int after = meter.now().descriptors();
    while (after > before + trial.count(DESCRIPTORS) && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS.toMillis());
      after = meter.now().descriptors();
    }
    if (after > before + trial.count(DESCRIPTORS)) {
      throw new Broken(
          "about the %d descriptors that were open before %,d connections came and went"
              .formatted(before, trial.count(CLOSES)),
          "%d are open".formatted(after));
    }
  }

  /** So many rounds of the four ways in which a client leaves. */
  private static void comeAndGo(Trial trial, Instance server, int rounds)
      throws Broken, IOException {
    for (int i = 0; i < rounds; i++) {
      Peer closed = trial.connect(server);
      closed.send("1\n");
      closed.expect(new byte[] {0});
      closed.close();
      Peer halfClosed = trial.connect(server);
      halfClosed.send("2\n");
      halfClosed.finishSending();
      halfClosed.expect(new byte[] {0});
      halfClosed.close();
      Peer reset = trial.connect(server);
      reset.send("100");
      reset.reset();
      // What the kernels hold of an endless reply has to be made and thrown away each time.
      Peer abandoned = trial.connectWithWindow(server, SMALL_WINDOW);
      abandoned.send("100000000\n");
      abandoned.expect(new byte[] {0});
      abandoned.close();
    }
  }

  /** How many descriptors are open once their number stays the same. */
  private static int settled(CostMeter meter) throws IOException, InterruptedException {
    int last = -1;
    for (int alike = 0; alike < LOOKS_ALIKE; ) {
      int now = meter.now().descriptors();
      alike = now == last ? alike + 1 : 0;
      last = now;
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS.toMillis());
    }
    return last;
  }

  /** A runtime has work of its own at first, such as to compile: any one window will do. */
  private static void restsWhileIdle(Trial trial) throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    serve(trial, server, IDLE_CLIENTS);
    CostMeter meter = trial.meter(server);
    double least = least(trial, meter::cpu, trial.count(IDLE_CPU), trial.count(CALM));
    if (least >= trial.count(IDLE_CPU)) {
      throw new Broken(
          "less than %d %% of a core with idle clients".formatted(trial.count(IDLE_CPU)),
          "it never took less than %.1f %%".formatted(least));
    }
  }

  private static void burnsItsCore(Trial trial) throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    serve(trial, server, IDLE_CLIENTS);
    double least =
        least(trial, trial.meter(server)::demand, trial.count(BUSY_CPU), trial.count(CALM));
    if (least < trial.count(BUSY_CPU)) {
      throw new Broken(
          "a poller to want at least %d %% of a core".formatted(trial.count(BUSY_CPU)),
          "it wanted %.1f %%: it waits to be told".formatted(least));
    }
  }

  /** A process's time so far, of one kind. */
  private interface Clock {
    Duration read() throws IOException;
  }

  /**
   * How busy it is when it is least busy, in per cent of a core, over two windows in a row: on a
   * starved machine one that spins may stand in the queue for a whole window. The first two that
   * are less busy than that end the search.
   */
  private static double least(Trial trial, Clock clock, double enough, long atMostMillis)
      throws IOException, InterruptedException {
    double least = Double.MAX_VALUE;
    double last = Double.MAX_VALUE;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(atMostMillis);
    while (least >= enough && System.nanoTime() < deadline) {
      Duration before = clock.read();
      long start = System.nanoTime();
      Thread.sleep(trial.time(WATCH));
      long nanos = clock.read().minus(before).toNanos();
      double percent = 100.0 * nanos / (System.nanoTime() - start);
      trial.note("sees it take %.1f %% of a core".formatted(percent));
      least = Math.min(least, Math.max(percent, last));
      last = percent;
    }
    return least;
  }

  private static void hasDeclaredThreads(Trial trial)
      throws Broken, IOException, InterruptedException {
    Threading threading = trial.card().orElseThrow().threading();
    // A runtime's own threads come as they are needed, more of them on a larger machine.
    int own = 8 + 2 * Runtime.getRuntime().availableProcessors();
    int clients = 5 * own;
    Instance server = trial.launch(0);
    CostMeter meter = trial.meter(server);
    int warm = threading == Threading.POOL ? trial.atOnce(MOST_WARMED_UP) : 1;
    serve(trial, server, warm);
    int before = meter.now().threads();
    int served = serve(trial, server, clients);
    int grown = meter.now().threads() - before;
    trial.note("sees %d threads more with %d clients more".formatted(grown, clients));
    int atLeast = threading == Threading.PER_CONNECTION ? served - own : Integer.MIN_VALUE;
    int atMost =
        switch (threading) {
          case PER_CONNECTION, PROCESSES -> clients + own;
          case ONE, POOL, EVENT_LOOPS, VIRTUAL_PER_CONNECTION -> own;
        };
    if (grown < atLeast || grown > atMost) {
      throw new Broken(
          "threads as declared: " + threading,
          "with %d clients more it had %d threads more".formatted(clients, grown));
    }
    if (threading == Threading.PROCESSES
        && server.process().orElseThrow().descendants().findAny().isEmpty()) {
      throw new Broken("processes, as declared", "there is only one");
    }
  }

  /**
   * Connects so many clients, all of which say something; returns how many of them were answered:
   * those that are served at once. The others wait.
   */
  private static int serve(Trial trial, Instance server, int clients)
      throws Broken, IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Peer peer = trial.connect(server);
      peer.send("y");
      peers.add(peer);
    }
    if (trial.atOnce(Integer.MAX_VALUE) < Integer.MAX_VALUE) {
      peers.getFirst().pause(trial.time(SILENCE));
      return 0;
    }
    for (Peer peer : peers) {
      peer.expect("Y");
    }
    return clients;
  }

  private static void survivesWithoutDescriptors(Trial trial)
      throws Broken, IOException, InterruptedException {
    int limit = trial.count(DESCRIPTOR_LIMIT);
    Instance server = trial.launchWithin(limit);
    CostMeter meter = trial.meter(server);
    Peer first = trial.connect(server);
    first.send("before");
    first.expect("BEFORE");
    int processes = 1 + (int) server.process().orElseThrow().descendants().count();
    List<Peer> crowd = new ArrayList<>();
    for (int i = 0; i < processes * limit; i++) {
      crowd.add(trial.connect(server));
    }
    int open = settled(trial, server, meter);
    trial.note("sees %d descriptors open, with %d clients".formatted(open, crowd.size()));
    if (open < limit - 4) {
      throw new Inconclusive("its descriptors did not run out");
    }
    boolean poller =
        trial.card().filter(it -> it.notification() == Notification.POLLING).isPresent();
    if (!poller) {
      double least = least(trial, meter::demand, trial.count(BUSY_CPU), trial.count(CALM));
      if (least >= trial.count(BUSY_CPU)) {
        throw new Broken(
            "a server that rests while there are no descriptors",
            "it never wanted less than %.0f %% of a core".formatted(least));
      }
    }
    first.send("meanwhile");
    first.expect("MEANWHILE");
    for (Peer peer : crowd) {
      peer.close();
    }
    Peer later = trial.connect(server);
    later.send("afterwards");
    later.expect("AFTERWARDS");
    first.send("to the end");
    first.expect("TO THE END");
  }

  /** The same of a server that may die of it. */
  private static int settled(Trial trial, Instance server, CostMeter meter)
      throws Broken, IOException, InterruptedException {
    try {
      return settled(meter);
    } catch (IOException e) {
      if (server.awaitEnd(trial.time(SILENCE))) {
        throw new Broken("a server that lives without descriptors", "it has ended");
      }
      throw e;
    }
  }

  /**
   * The dead have sent RST before they were accepted. Each takes a descriptor for a moment: a
   * server that pauses whenever there is none, and does not try again when one is free, is seconds
   * late.
   */
  private static void servesNewcomers(Trial trial)
      throws Broken, IOException, InterruptedException {
    int limit = trial.count(DESCRIPTOR_LIMIT);
    Instance server = trial.launchWithin(limit);
    CostMeter meter = trial.meter(server);
    int processes = 1 + (int) server.process().orElseThrow().descendants().count();
    List<Peer> served = new ArrayList<>();
    List<Peer> waiting = new ArrayList<>();
    while (waiting.size() < processes && served.size() < processes * limit) {
      Peer peer = trial.connect(server);
      peer.send("y");
      boolean isServed = peer.hears(trial.time(SILENCE));
      if (!isServed && meter.now().descriptors() < limit - 4) {
        isServed = peer.hears(trial.time(PATIENCE)); // It does not wait: the server is only slow.
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
    while (dead < DEAD && queues(server, trial.time(SILENCE))) {
      dead++;
    }
    trial.note("has put %d dead connections into its queue".formatted(dead));
    Peer newcomer = trial.connect(server);
    newcomer.send("newcomer");
    for (Peer leaving : served.subList(0, Math.min(SPARE * processes, served.size()))) {
      leaving.close();
    }
    newcomer.expectWithin(trial.time(NEWCOMER), "NEWCOMER");
  }

  /** Connects and resets; false if the queue is full, as many are that are shorter than ours. */
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
