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
import static java.util.stream.Collectors.joining;

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

  private static final List<String> UNREADABLE = List.of("missing", "folder", "device", "outside");

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
    leavesDuringTheSecond(context, program, clients);
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

  /**
   * The next request of a client that is gone is not begun either. After a FIN, a program detects
   * the reset at its next write, and may begin the next request before it knows the result: then it
   * has to cancel it, and free its worker.
   */
  private static void beginsNothingMore(TestContext context, OffloadClients clients)
      throws Broken, IOException, InterruptedException {
    Occupant gone = clients.occupyWorker();
    Occupant finished = clients.occupyWorker();
    SlowFile next = clients.slowFile();
    gone.client().send("read %s\n".formatted(next.name()));
    finished.client().send("read %s\n".formatted(clients.slowFile().name()));
    finished.client().finishSending();
    try (Peer other = clients.connect()) {
      other.send("ping\n");
      other.expect(PONG);
    }
    gone.client().reset();
    finished.client().reset();
    try {
      next.expectNoReader(context.time(SILENCE));
      finished.file().release("");
      gone.file().release("");
      next.expectNoReader(context.time(SILENCE));
    } catch (Broken e) {
      throw e.at("after the client of the request before it left");
    }
    String left = "after a client left by FIN and RST, with a further request";
    OffloadClients.release(clients.occupyWorkersSoon(left));
  }

  /** Clients leave while their second requests run, which they sent during the first ones. */
  private static void leavesDuringTheSecond(
      TestContext context, Instance program, OffloadClients clients)
      throws Broken, IOException, InterruptedException {
    List<Occupant> occupants = clients.occupyWorkersSoon("after a client left");
    List<SlowFile> second = new ArrayList<>();
    for (Occupant each : occupants) {
      second.add(clients.slowFile());
      each.client().send("read %s\nping\n".formatted(second.getLast().name()));
    }
    for (Occupant each : occupants) {
      each.file().release("");
      each.client().expect(EMPTY_LINE);
    }
    for (SlowFile each : second) {
      each.expectReader();
    }
    for (Occupant each : occupants) {
      each.client().reset();
    }
    demandFreeWorker(context, program, "the second of three requests, which reads a FIFO");
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
    Files.createSymbolicLink(folder.resolve("device"), Path.of("/dev/zero"));
    Files.createSymbolicLink(folder.resolve("outside"), folder.getParent());
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
    leaveUnread(context, program, meter);
    ErrorOutput.demandLittleWhileClientsReset(
        context,
        program,
        () -> {
          Peer gone = context.connect(program);
          gone.send("ping\nhash 1 ");
          gone.expect(PONG);
          gone.reset();
        });
  }

  /** Clients leave while the program does not read from them, as they have not read its answers. */
  private static void leaveUnread(TestContext context, Instance program, CostMeter meter)
      throws Broken, IOException, InterruptedException {
    int before = meter.sockets();
    Peer one = context.connectWithWindow(program, WINDOW);
    Peer two = context.connectWithWindow(program, WINDOW);
    one.whileSending(
        () -> one.sendForAMoment(OffloadRequests.LONG_NAMES, 2 * Kernel.buffers(), BEGUN),
        () -> two.sendForAMoment(OffloadRequests.LONG_NAMES, 2 * Kernel.buffers(), BEGUN));
    one.reset();
    two.reset();
    try {
      // One may be of the program's runtime.
      ResourceLeaks.awaitAtMost(
          before + 1, "sockets", () -> OptionalLong.of(meter.sockets()), context.patience());
    } catch (Broken e) {
      throw e.at("clients that reset without having read their answers");
    }
  }

  private static void leaveQuickly(TestContext context, Instance program)
      throws Broken, IOException {
    try (Peer client = context.connect(program)) {
      client.send(
          "read file\n"
              + UNREADABLE.stream().map("read %s\n"::formatted).collect(joining())
              + "ping\n");
      client.finishSending();
      // The tasks of clients that left a moment ago may still be in the way.
      demandAnswerOrRefusal(client, sha256(bytes("abc"), 1));
      for (String each : UNREADABLE) {
        demandAnswerOrRefusal(client, "error cannot read " + each);
      }
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
