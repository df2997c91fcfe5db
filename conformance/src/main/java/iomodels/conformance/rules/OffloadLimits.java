package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.OffloadClients.BUSY;
import static iomodels.conformance.rules.OffloadClients.EMPTY;
import static iomodels.conformance.rules.OffloadClients.NOTHING;
import static iomodels.conformance.rules.OffloadClients.SHORT;
import static iomodels.conformance.rules.OffloadClients.STANDARD;
import static iomodels.conformance.rules.OffloadRequests.sha256;
import static iomodels.conformance.rules.Section14Offload.BATCH;
import static iomodels.conformance.rules.Section14Offload.BEGUN;
import static iomodels.conformance.rules.Section14Offload.EMPTY_LINE;
import static iomodels.conformance.rules.Section14Offload.PONG;
import static iomodels.conformance.rules.Section14Offload.ROUNDS;
import static iomodels.conformance.rules.Section14Offload.WINDOW;
import static iomodels.conformance.rules.Section14Offload.bytes;
import static iomodels.conformance.rules.Section14Offload.demandAnswer;
import static iomodels.conformance.rules.Section14Offload.demandAnswerOrRefusal;
import static iomodels.conformance.rules.Section14Offload.exchange;
import static iomodels.conformance.rules.Section14Offload.program;
import static iomodels.conformance.rules.Section14Offload.request;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.SlowFile;
import iomodels.conformance.TestContext;
import iomodels.conformance.rules.OffloadClients.Burst;
import iomodels.conformance.rules.OffloadClients.Occupant;
import iomodels.conformance.rules.OffloadRequests.Case;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** What an offload program does when its queue, its workers or its buffers are full. */
final class OffloadLimits {

  private static final int FAILURES = 8;
  private static final int LEAVING = 20;
  private static final int PINGS_BESIDE = 5;

  /** How much of the buffers is filled without pongs; what one connection takes varies a little. */
  private static final int MOST_PERCENT = 97;

  /** How many bytes of answers are short ones: requests that fill a program's buffer for input. */
  private static final int SHORT_ANSWERS = 64 * 1024;

  /** Longer than a program needs to read some mebibytes; then the kit fills the rest anew. */
  private static final Duration SETTLED = Duration.ofSeconds(1);

  private static final Duration RETRY_INTERVAL = Duration.ofMillis(5);

  private OffloadLimits() {}

  /**
   * Rule 14.09. Of clients that ask at the same time, some fit into the queue; the others are
   * refused.
   */
  static void busy(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> occupied = clients.occupyWorkers();
    Burst burst = clients.burst(SHORT);
    clients.demandRefusals(burst);
    Peer refused = burst.answered().getFirst();
    demandPromptRefusals(context, refused);
    try (Peer malformed = context.connect(program)) {
      malformed.send("hash 0 x\n");
      malformed.expect(OffloadRequests.MALFORMED + "\n");
      malformed.expectFin();
    }
    demand(NOTHING, burst.next(context.time(SILENCE)));
    OffloadClients.release(occupied);
    for (int i = 0; i < STANDARD.queue(); i++) {
      demand(EMPTY, burst.next(context.patience()));
    }
    refused.send(SHORT);
    refused.expect(EMPTY_LINE);
  }

  /** A refusal takes hardly longer than a ping on the same connection, which stays usable. */
  private static void demandPromptRefusals(TestContext context, Peer client) throws Broken {
    long[] refusals = new long[PINGS_BESIDE];
    long slowestPing = 0;
    for (int i = 0; i < PINGS_BESIDE; i++) {
      long before = System.nanoTime();
      client.send("ping\n");
      client.expect(PONG);
      long between = System.nanoTime();
      client.send(SHORT);
      client.expect(BUSY + "\n");
      refusals[i] = System.nanoTime() - between;
      slowestPing = Math.max(slowestPing, between - before);
    }
    Timing.demandMedian(
        refusals,
        context.time(PING).plusNanos(slowestPing),
        "a refusal while the queue is full, and a ping takes up to %.1f ms"
            .formatted(slowestPing / 1e6));
  }

  private static void demand(String expected, String actual) throws Broken {
    if (!actual.equals(expected)) {
      throw new Broken(expected, "got " + actual);
    }
  }

  /** Rule 14.10. */
  static void cancels(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> occupied = clients.occupyWorkers();
    SlowFile unwanted = clients.slowFile();
    Burst gone = clients.burst("read %s\n".formatted(unwanted.name()));
    clients.demandRefusals(gone);
    for (Peer each : gone.unanswered()) {
      each.reset();
    }
    fillFreedPlaces(context, clients, "whose first request waits").close();
    List<Peer> answered = new ArrayList<>();
    for (int i = 0; i < STANDARD.queue(); i++) {
      answered.add(askAgain(context, program, unwanted));
    }
    for (Peer each : answered) {
      each.reset();
    }
    Burst after = fillFreedPlaces(context, clients, "whose second of three requests waits");
    OffloadClients.release(occupied);
    for (int i = 0; i < STANDARD.queue(); i++) {
      demand(EMPTY, after.next(context.patience()));
    }
    unwanted.expectNoReader(context.time(SILENCE));
  }

  /** Connects a client that has got an answer, and whose next request gets a place in the queue. */
  private static Peer askAgain(TestContext context, Instance program, SlowFile file)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (true) {
      Peer client = context.connect(program);
      client.send("ping\n");
      client.expect(PONG);
      client.send("read %s\nping\n".formatted(file.name()));
      if (!client.receives(BEGUN)) {
        return client;
      }
      client.close(); // It was refused: the place of a client that has left was not free yet.
      if (System.nanoTime() - deadline > 0) {
        throw new Broken("a place in the queue to be free", "tasks are still refused");
      }
    }
  }

  /**
   * Lets clients ask until no more of them are refused than have to be.
   *
   * @param whose which clients have left, for the message
   */
  private static Burst fillFreedPlaces(TestContext context, OffloadClients clients, String whose)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (true) {
      Burst burst = clients.burst(SHORT);
      clients.demandRefusals(burst);
      String further = burst.next(context.time(SILENCE));
      if (further.equals(NOTHING)) {
        return burst;
      }
      demand(BUSY, further);
      burst.close();
      if (System.nanoTime() - deadline > 0) {
        throw new Broken(
            "free places in the queue after the end of clients %s".formatted(whose),
            "new tasks are still refused");
      }
    }
  }

  /** Rule 14.20. */
  static void keepsItsCapacity(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.createDirectory(folder.resolve("folder"));
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    clients.demandCapacity("at first");
    clients.demandCapacity("after tasks that were refused");
    Peer failing = context.connect(program);
    for (int i = 0; i < FAILURES; i++) {
      exchange(
          failing,
          List.of(
              request("read missing", "error cannot read missing"),
              request("read folder", "error cannot read folder")));
    }
    clients.demandCapacity("after files that could not be read");
    String running = "after clients that left while their tasks ran";
    for (int i = 0; i < ROUNDS; i++) {
      for (Occupant each : clients.occupyWorkersSoon(running)) {
        each.client().reset();
      }
    }
    clients.demandCapacity(running);
    String waiting = "after clients that left while their tasks waited";
    for (int i = 0; i < ROUNDS; i++) {
      List<Occupant> occupants = clients.occupyWorkersSoon(waiting);
      Burst burst = clients.burst(SHORT);
      clients.demandRefusals(burst);
      burst.close();
      OffloadClients.release(occupants);
    }
    clients.demandCapacity(waiting);
    for (int i = 0; i < LEAVING; i++) {
      Peer gone = context.connect(program);
      gone.send("hash 1000 x\nread missing\nhash 1000 y\n");
      gone.reset();
    }
    clients.demandCapacity("after clients that left as soon as they had asked");
    for (int i = 0; i < FAILURES; i++) {
      try (Peer client = context.connect(program)) {
        client.send("ping\nnonsense\n");
        client.expect(PONG + OffloadRequests.MALFORMED + "\n");
        client.expectFin();
      }
    }
    clients.demandCapacity("after malformed requests");
  }

  /** Rule 14.24. */
  static void crowd(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    int number = context.count(CLIENTS);
    List<Peer> clients = new ArrayList<>();
    while (clients.size() < number) {
      List<Peer> batch = new ArrayList<>();
      for (int i = 0; i < BATCH && clients.size() + batch.size() < number; i++) {
        Peer client = context.connect(program);
        client.send("ping\n");
        batch.add(client);
      }
      clients.addAll(batch);
      for (Peer each : batch) {
        demandPong(each, clients.size());
      }
    }
    for (Peer each : clients) {
      each.send(SHORT);
    }
    for (Peer each : clients) {
      demandAnswerOrRefusal(each, EMPTY);
    }
    for (Peer each : clients) {
      each.close();
    }
  }

  private static void demandPong(Peer client, int connected) throws Broken {
    try {
      client.expect(PONG);
    } catch (Broken e) {
      throw e.at("one of %,d connected clients".formatted(connected));
    }
  }

  /** Rule 14.12. */
  static void backPressure(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    Peer asking = context.connectWithWindow(program, WINDOW);
    demandStopsReading(asking, OffloadRequests.LONG_NAMES);
    OptionalLong given = BlockedServer.given(asking);
    if (given.isPresent()) {
      for (int beyond : BlockedServer.BEYOND) {
        goesOnAfterABlock(context, program, given.getAsLong() + beyond);
      }
    }
    Peer pinging = context.connectWithWindow(program, WINDOW);
    if (!takesMostOf(pinging, asking)) {
      pinging = context.connectWithWindow(program, WINDOW);
    }
    demandStopsReading(pinging, OffloadRequests.PINGS);
    Peer other = context.connect(program);
    other.send("ping\n");
    other.expect("pong\n");
  }

  /**
   * A client whose answers are a few bytes more than the kernel takes reads nothing until the
   * program has read all its requests. Then no further request wakes up the program.
   */
  private static void goesOnAfterABlock(TestContext context, Instance program, long answers)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connectWithWindow(program, WINDOW);
    client.sendStream(OffloadRequests.LONG_NAMES, OffloadRequests.LONG_NAME_LENGTH);
    int answer = client.line().length() + 1;
    long names = (answers - SHORT_ANSWERS) / answer;
    int pings = (int) ((answers - names * answer) / PONG.length());
    long length = names * OffloadRequests.LONG_NAME_LENGTH;
    long sent = client.sendUntilFull(OffloadRequests.LONG_NAMES, length);
    if (sent < length) {
      return; // It reads less than the other client's requests: the machine is busy.
    }
    client.send("ping\n".repeat(pings));
    client.awaitRead(SETTLED);
    for (long i = 0; i < names; i++) {
      client.line();
    }
    try {
      client.expect(PONG.repeat(pings));
    } catch (Broken e) {
      throw e.at(
          "%,d pings of a client that reads when the program has read everything".formatted(pings));
    }
    client.finishSending();
    client.expectFin();
  }

  private static void demandStopsReading(Peer client, Peer.BytePattern requests)
      throws Broken, IOException, InterruptedException {
    HeldBytes.demandFew(
        "a program", client, client, requests, ProgramConfig.RELAY_BYTES, 2 * Kernel.buffers());
  }

  /**
   * Fills most of the kernel's buffers for a client's answers with long ones, since a program needs
   * seconds to fill them with pongs.
   *
   * @param other a client for whose answers the buffers are full
   * @return whether the program has read all the requests, and so can read pings
   */
  private static boolean takesMostOf(Peer client, Peer other) throws Broken, InterruptedException {
    long full = other.progress().map(Peer.Progress::given).orElse(0L);
    long requests = full / OffloadRequests.LONG_NAME_LENGTH * MOST_PERCENT / 100;
    long length = requests * OffloadRequests.LONG_NAME_LENGTH;
    if (client.sendUntilFull(OffloadRequests.LONG_NAMES, length) < length) {
      return false;
    }
    client.awaitRead(SETTLED);
    return client.progress().filter(it -> it.unread() == 0).isPresent();
  }

  private static boolean isRefused(Peer client, Case task) throws Broken {
    client.send(task.bytes());
    return demandAnswer(client, task).equals(BUSY);
  }

  /** Rule 14.25. */
  static void workersDoNotSend(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    Peer one = context.connectWithWindow(program, WINDOW);
    Peer two = context.connectWithWindow(program, WINDOW);
    one.whileSending(
        () -> one.sendUntilFull(OffloadRequests.LONG_NAMES, 2 * Kernel.buffers()),
        () -> two.sendUntilFull(OffloadRequests.LONG_NAMES, 2 * Kernel.buffers()));
    Peer other = context.connect(program);
    long deadline = System.nanoTime() + context.patience().toNanos();
    Case task = new Case(bytes("hash 2 x\n"), List.of(sha256(bytes("x"), 2), BUSY));
    try {
      // Tasks of the two may still be processed, so this one may be refused at first.
      while (isRefused(other, task)) {
        if (System.nanoTime() - deadline > 0) {
          throw new Broken("a free worker", "tasks are refused");
        }
        Thread.sleep(RETRY_INTERVAL);
      }
    } catch (Broken e) {
      throw e.at("while two other clients do not read their answers");
    }
    one.reset();
    two.reset();
  }
}
