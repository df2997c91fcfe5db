package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.OffloadClients.SHORT;
import static iomodels.conformance.rules.OffloadClients.STANDARD;
import static iomodels.conformance.rules.OffloadRequests.sha256;
import static iomodels.conformance.rules.Section14Offload.BEGUN;
import static iomodels.conformance.rules.Section14Offload.EMPTY_LINE;
import static iomodels.conformance.rules.Section14Offload.PONG;
import static iomodels.conformance.rules.Section14Offload.ROUNDS;
import static iomodels.conformance.rules.Section14Offload.WINDOW;
import static iomodels.conformance.rules.Section14Offload.bytes;
import static iomodels.conformance.rules.Section14Offload.demandAnswerOrRefusal;
import static iomodels.conformance.rules.Section14Offload.program;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.SlowFile;
import iomodels.conformance.TestContext;
import iomodels.conformance.rules.OffloadClients.Burst;
import iomodels.conformance.rules.OffloadClients.Occupant;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.LineReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;

/** What an offload program frees when clients leave, and when it is stopped. */
final class OffloadLeaving {

  /** In one of so many rounds clients leave while their tasks run. */
  private static final int RUNNING_ROUNDS = 3;

  /** In one of so many rounds tasks are refused. */
  private static final int REFUSED_ROUNDS = 4;

  private OffloadLeaving() {}

  /** Rule 14.16. If the work continued, no worker would be left after the first of these rounds. */
  static void givesWorkersBack(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    beginsNothingMore(context, clients);
    for (int i = 0; i < ROUNDS; i++) {
      for (Occupant each : clients.occupyWorkersSoon("after a client left")) {
        each.client().reset();
      }
      demandFreeWorker(context, program, "reading a FIFO");
    }
    for (int i = 0; i < ROUNDS; i++) {
      // A program may end a read by opening the FIFO to write: that must not end the next round's.
      context.fifo(folder, "fifo" + i);
      leaveAtWork(context, program, "read fifo%d\n".formatted(i));
      demandFreeWorker(context, program, "reading a FIFO that nobody writes to");
    }
    LongHash hash = LongHash.measured(context, context.connect(program));
    String lost = "a hash that takes %,d ms".formatted(hash.took().toMillis());
    long[] waited = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      leaveAtWork(context, program, hash.request());
      long gone = System.nanoTime();
      demandFreeWorker(context, program, lost);
      waited[i] = System.nanoTime() - gone;
    }
    Timing.demandMedian(
        waited,
        hash.took().dividedBy(2),
        "a worker to be free after its client left during " + lost);
  }

  /** The next request of a client that is gone is not begun either. */
  private static void beginsNothingMore(TestContext context, OffloadClients clients)
      throws Broken, IOException, InterruptedException {
    Occupant gone = clients.occupyWorker();
    SlowFile next = clients.slowFile();
    gone.client().send("read %s\n".formatted(next.name()));
    try (Peer other = clients.connect()) {
      other.send("ping\n");
      other.expect(PONG);
    }
    gone.client().reset();
    try {
      next.expectNoReader(context.time(SILENCE));
      gone.file().release("");
      next.expectNoReader(context.time(SILENCE));
    } catch (Broken e) {
      throw e.at("after the client of the request before it left");
    }
  }

  /** Occupies all workers with requests of clients that then reset. */
  private static void leaveAtWork(TestContext context, Instance program, String request)
      throws Broken, IOException, InterruptedException {
    List<Peer> clients = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      Peer client = context.connect(program);
      client.send(request);
      clients.add(client);
    }
    clients.getLast().pause(BEGUN);
    for (Peer each : clients) {
      each.reset();
    }
  }

  private static void demandFreeWorker(TestContext context, Instance program, String lost)
      throws Broken, IOException {
    try (Peer client = context.connect(program)) {
      client.send(SHORT);
      try {
        client.expect(EMPTY_LINE);
      } catch (Broken e) {
        throw e.at("after the clients left whose workers were busy with " + lost);
      }
    }
  }

  /** Rule 14.15. */
  static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    context.connect(program);
    Peer stuck = context.connectWithWindow(program, WINDOW);
    stuck.sendUntilFull(OffloadRequests.LONG_NAMES, 2 * Kernel.buffers());
    context.fifo(folder, "lonely");
    OffloadClients clients = new OffloadClients(context, program, folder);
    clients.occupyWorkersSoon("after a client left").getFirst().client().reset();
    for (int i = 0; i < STANDARD.queue(); i++) {
      context.connect(program).send("read lonely\n");
    }
    Shutdown.demand(context, program);
  }

  /** Rule 14.14. */
  static void leavesNothing(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Files.createDirectory(folder.resolve("folder"));
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    int times = context.count(CLOSES) / 6;
    AtomicInteger rounds = new AtomicInteger();
    List<Occupant> running = new ArrayList<>();
    ResourceLeaks.Conversations conversations =
        () -> {
          leaveQuickly(context, program);
          int round = rounds.getAndIncrement();
          if (round % RUNNING_ROUNDS == 0) {
            leaveWhileTasksRun(clients, running);
          }
          if (round % REFUSED_ROUNDS == 0) {
            leaveWhileTasksWait(clients);
          }
        };
    conversations.hold();
    CostMeter meter = context.meter(program);
    int threads = meter.now().threads();
    ResourceLeaks.demandNone(context, List.of(program), times, conversations);
    // Less than one thread for each round: a runtime adds some of its own.
    ResourceLeaks.awaitAtMost(
        threads + times * 3 / 4,
        "threads",
        () -> OptionalLong.of(meter.now().threads()),
        context.patience());
  }

  private static void leaveQuickly(TestContext context, Instance program)
      throws Broken, IOException {
    try (Peer client = context.connect(program)) {
      client.send("read file\nread missing\nread folder\nping\n");
      client.finishSending();
      // The tasks of clients that left a moment ago may still be in the way.
      demandAnswerOrRefusal(client, sha256(bytes("abc"), 1));
      demandAnswerOrRefusal(client, "error cannot read missing");
      demandAnswerOrRefusal(client, "error cannot read folder");
      client.expect(PONG);
      client.expectFin();
    }
    Peer gone = context.connect(program);
    gone.send("hash 1000 x\nread file\n");
    gone.reset();
    Peer finished = context.connect(program);
    finished.send("hash 1000 x\nping");
    finished.finishSending();
    finished.reset();
    try (Peer client = context.connect(program)) {
      client.send("\n");
      client.expect(OffloadRequests.MALFORMED + "\n");
      client.expectFin();
    }
    Peer refused = context.connect(program);
    refused.send("x".repeat(LineReader.MAX_BYTES + 1));
    refused.expect(OffloadRequests.TOO_LONG + "\n");
    refused.reset();
  }

  /**
   * Clients leave while their tasks run. The files end only in the next such round, so that the
   * tasks have been cancelled before.
   */
  private static void leaveWhileTasksRun(OffloadClients clients, List<Occupant> former)
      throws Broken, IOException, InterruptedException {
    List<Occupant> occupants = clients.occupyWorkersSoon("after clients left during their tasks");
    for (Occupant each : occupants) {
      each.client().reset();
    }
    for (Occupant each : former) {
      each.file().release("");
    }
    former.clear();
    former.addAll(occupants);
  }

  /** Clients leave while their tasks wait, and after they have been refused. */
  private static void leaveWhileTasksWait(OffloadClients clients)
      throws Broken, IOException, InterruptedException {
    List<Occupant> occupants = clients.occupyWorkersSoon("after clients left");
    Burst burst = clients.burst("read file\n");
    clients.demandRefusals(burst);
    burst.close();
    for (Occupant each : occupants) {
      each.client().finishSending();
      each.client().reset();
      each.file().release("abc");
    }
  }
}
