package iomodels.conformance.rules;

import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.OffloadClients.BUSY;
import static iomodels.conformance.rules.OffloadClients.EMPTY;
import static iomodels.conformance.rules.OffloadClients.SHORT;
import static iomodels.conformance.rules.OffloadClients.STANDARD;
import static iomodels.conformance.rules.OffloadRequests.sha256;
import static iomodels.conformance.rules.Section14Offload.BATCH;
import static iomodels.conformance.rules.Section14Offload.BEGUN;
import static iomodels.conformance.rules.Section14Offload.EMPTY_LINE;
import static iomodels.conformance.rules.Section14Offload.NO_TIME;
import static iomodels.conformance.rules.Section14Offload.PONG;
import static iomodels.conformance.rules.Section14Offload.ROUNDS;
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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** In which order, and how many at a time, an offload program runs its tasks. */
final class OffloadTasks {

  private static final int PINGS = 50;

  /** The event loops of a program share its clients: some ping for each. */
  private static final int PINGING_CLIENTS = 16;

  private static final int PINGS_EACH = 3;

  /** More than a client gets answered during the pings. */
  private static final int HASHES_EACH = 10;

  /** Clients that ask at the same time, most of which are refused. */
  private static final int CROWD = 24;

  /** Times that let the hashes of two workers overlap. */
  private static final int LONG_TIMES = 6_000;

  /** How often a short hash may be answered before a long one that came first. */
  private static final int IN_ORDER_ROUNDS = 4;

  /** In parts of the long hash, how soon its answer comes if it was computed first. */
  private static final int AT_ONCE_PART = 8;

  private OffloadTasks() {}

  /** Rule 14.05. */
  static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    SlowFile first = context.slowFile(folder, "first");
    SlowFile second = context.slowFile(folder, "second");
    Instance program = program(context, folder);
    Peer client = context.connect(program);
    client.send("read first\nread second\nping\nping\n");
    first.expectReader();
    second.expectNoReader(context.time(SILENCE));
    client.expectSilence(context.time(SILENCE));
    first.release("");
    client.expect(EMPTY_LINE);
    second.expectReader();
    second.release("abc");
    client.expect(sha256(bytes("abc"), 1) + "\n" + PONG + PONG);
    takesOnePlace(context, program, folder);
  }

  /** Requests that wait for an earlier one of their client take no place in the queue. */
  private static void takesOnePlace(TestContext context, Instance program, Path folder)
      throws Broken, IOException, InterruptedException {
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> occupants = clients.occupyWorkers();
    for (Occupant each : occupants) {
      each.client().send(SHORT.repeat(HASHES_EACH) + "ping\n");
    }
    Burst others = clients.burst(SHORT);
    clients.demandRefusals(others);
    for (Occupant each : occupants) {
      each.client().expectSilence(BEGUN);
      each.file().release("");
    }
    for (int i = 0; i < STANDARD.queue(); i++) {
      String answer = others.next(context.patience());
      if (!answer.equals(EMPTY)) {
        throw new Broken(
            "requests that wait for one of the same client to take no place in the queue",
            "another client got " + answer);
      }
    }
    for (Occupant each : occupants) {
      each.client().expect(EMPTY_LINE);
      for (int i = 0; i < HASHES_EACH; i++) {
        demandAnswerOrRefusal(each.client(), EMPTY); // The others may have filled the queue.
      }
      each.client().expect(PONG);
    }
  }

  /**
   * Rule 14.06. Clients have finished sending while their tasks run, and others while theirs wait.
   */
  static void halfClosed(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> occupants = clients.occupyWorkers();
    for (Occupant each : occupants) {
      each.client().send("ping\n");
      each.client().finishSending();
    }
    Peer waiting = context.connect(program);
    waiting.send("hash 1 \nhash 1 \nping\n");
    waiting.finishSending();
    Peer last = context.connect(program);
    last.send(SHORT);
    last.finishSending();
    waiting.expectSilence(context.time(SILENCE));
    last.expectSilence(NO_TIME);
    for (Occupant each : occupants) {
      each.client().expectSilence(NO_TIME);
      each.file().release("");
    }
    for (Occupant each : occupants) {
      each.client().expect(EMPTY_LINE + PONG);
      each.client().expectFin();
    }
    waiting.expect(EMPTY_LINE + EMPTY_LINE + PONG);
    waiting.expectFin();
    last.expect(EMPTY_LINE);
    last.expectFin();
  }

  /** Rule 14.07. */
  static void othersGoOn(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    clients.occupyWorkers();
    clients.demandRefusals(clients.burst(SHORT)); // The queue is full as well.
    for (int i = 0; i < PINGS; i++) {
      try (Peer client = context.connect(program)) {
        client.send("ping\n");
        client.expect(PONG);
      }
    }
  }

  /** Rule 14.08. */
  static void workers(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> occupied = clients.occupyWorkers();
    SlowFile next = context.slowFile(folder, "next");
    Peer client = context.connect(program);
    client.send("read next\n");
    Peer other = context.connect(program);
    other.send(SHORT);
    next.expectNoReader(context.time(SILENCE));
    other.expectSilence(NO_TIME);
    occupied.getFirst().file().release("");
    next.expectReader();
    next.release("");
    client.expect(EMPTY_LINE);
    other.expect(EMPTY_LINE);
  }

  /** Rule 14.18. */
  static void runsSideBySide(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    Occupant one = clients.occupyWorker();
    Peer other = context.connect(program);
    try {
      exchange(other, List.of(request("hash 2 x", sha256(bytes("x"), 2))));
      OffloadClients.release(List.of(one, clients.occupyWorker()));
    } catch (Broken e) {
      throw e.at("a second task, while a worker reads a file for another client");
    }
    LongHash hash = LongHash.measured(context, other);
    Peer busy = context.connect(program);
    busy.send(hash.request().repeat(HASHES_EACH));
    long[] nanos = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      busy.pause(BEGUN); // Otherwise a short hash could come before the next long one has begun.
      long before = System.nanoTime();
      other.send(SHORT);
      other.expect(EMPTY_LINE);
      nanos[i] = System.nanoTime() - before;
    }
    busy.reset();
    Timing.demandMedian(
        nanos,
        hash.took().dividedBy(2),
        "a short hash beside one of another client that takes %,d ms"
            .formatted(hash.took().toMillis()));
  }

  /** Rule 14.19. */
  static void inOrderOfArrival(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> occupied = clients.occupyWorkers();
    SlowFile first = clients.slowFile();
    SlowFile second = clients.slowFile();
    List<Peer> waiting = new ArrayList<>();
    for (SlowFile each : List.of(first, second)) {
      Peer client = context.connect(program);
      client.send("read %s\n".formatted(each.name()));
      client.expectSilence(BEGUN);
      waiting.add(client);
    }
    occupied.getFirst().file().release("");
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (!first.isReadWithin(BEGUN)) {
      if (second.isReadWithin(NO_TIME)) {
        throw new Broken(
            "the task that came first to begin first", "the one that came after it began");
      }
      waiting.getFirst().expectSilence(NO_TIME);
      if (System.nanoTime() - deadline > 0) {
        throw Broken.late("a waiting task to begin when a worker is free", "it did not");
      }
    }
    second.expectNoReader(NO_TIME);
    first.release("");
    second.expectReader();
    second.release("");
    for (Peer each : waiting) {
      each.expect(EMPTY_LINE);
    }
    OffloadClients.release(List.of(occupied.getLast()));
    longBeforeShort(context, clients);
  }

  /**
   * A long hash waits first, and a short one next; then one worker becomes free. If the short one
   * overtakes, the long one begins after its answer. A busy machine delays one of two answers, but
   * hardly each time.
   */
  private static void longBeforeShort(TestContext context, OffloadClients clients)
      throws Broken, IOException, InterruptedException {
    Peer later = clients.connect();
    LongHash hash = LongHash.estimated(context, later);
    long shortest = Long.MAX_VALUE;
    for (int i = 0; i < IN_ORDER_ROUNDS; i++) {
      List<Occupant> occupied = clients.occupyWorkers();
      Peer earlier = clients.connect();
      earlier.send(hash.request());
      earlier.expectSilence(BEGUN);
      later.send(SHORT);
      later.expectSilence(BEGUN);
      occupied.getFirst().file().release("");
      later.expect(EMPTY_LINE);
      long answered = System.nanoTime();
      String line = earlier.line();
      long more = System.nanoTime() - answered;
      if (line.startsWith("error")) {
        throw new Broken("the answer to a task that has waited", "got " + line);
      }
      occupied.getFirst().client().expect(EMPTY_LINE);
      OffloadClients.release(List.of(occupied.getLast()));
      earlier.close();
      shortest = Math.min(shortest, more);
      if (more < hash.took().toNanos() / AT_ONCE_PART) {
        return;
      }
    }
    throw Broken.late(
        "a hash that takes %,d ms before a short one that came after it"
            .formatted(hash.took().toMillis()),
        "its answer came %,d ms later, in the best of %d times"
            .formatted(shortest / 1_000_000, IN_ORDER_ROUNDS));
  }

  /** Rule 14.21. */
  static void unmixed(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    // As many clients as workers: none of their requests can be refused.
    askSideBySide(context, program, STANDARD.workers(), LONG_TIMES, false);
    askSideBySide(context, program, CROWD, 50, true);
    OffloadClients clients = new OffloadClients(context, program, folder);
    List<Occupant> gone = clients.occupyWorkersSoon("after many clients at once");
    for (Occupant each : gone) {
      each.client().reset();
    }
    for (int i = 0; i < STANDARD.workers(); i++) {
      Peer leaving = context.connect(program);
      leaving.send("hash 200000 x\n");
      leaving.reset();
    }
    List<Peer> next = new ArrayList<>();
    for (int i = 0; i < BATCH; i++) {
      Peer client = context.connect(program);
      client.send("ping\n");
      next.add(client);
    }
    try {
      for (Peer each : next) {
        each.expect(PONG);
      }
      for (Occupant each : gone) {
        each.file().release("abc");
      }
      next.getFirst().expectSilence(context.time(SILENCE));
      for (Peer each : next) {
        each.expectSilence(NO_TIME);
      }
    } catch (Broken e) {
      throw e.at("a client that has sent a ping, after others left during their tasks");
    }
    Peer last = next.getFirst();
    last.send("hash 3 last\n");
    demandAnswerOrRefusal(last, sha256(bytes("last"), 3)); // Tasks may not have been cancelled yet.
    OffloadClients.release(clients.occupyWorkersSoon("after others left during their tasks"));
    for (int leaving = 0; leaving < STANDARD.workers(); leaving++) {
      askAlike(context, program, clients.slowFile(), leaving);
    }
  }

  /**
   * Several clients ask for the same file, and then for the same hash, which waits. One of each
   * leaves: that must not end the tasks of the others.
   *
   * @param leaving the position of the client that leaves
   */
  private static void askAlike(TestContext context, Instance program, SlowFile file, int leaving)
      throws Broken, IOException, InterruptedException {
    List<Peer> running = askAlike(context, program, "read %s\n".formatted(file.name()));
    file.expectReader();
    List<Peer> waiting = askAlike(context, program, "hash 2 alike\n");
    waiting.remove(leaving).reset();
    waiting.getFirst().pause(BEGUN);
    running.remove(leaving).reset();
    try {
      for (Peer each : waiting) {
        // On a busy machine the first tasks may not have left the queue yet.
        demandAnswerOrRefusal(each, sha256(bytes("alike"), 2));
      }
      for (Peer each : running) {
        each.expectSilence(NO_TIME);
      }
      file.release("");
      for (Peer each : running) {
        each.expect(EMPTY_LINE);
      }
    } catch (Broken e) {
      throw e.at("a client that asked for the same as one that has left");
    }
  }

  private static List<Peer> askAlike(TestContext context, Instance program, String request)
      throws Broken, IOException, InterruptedException {
    List<Peer> clients = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      Peer client = context.connect(program);
      client.send(request);
      client.pause(BEGUN);
      clients.add(client);
    }
    return clients;
  }

  /** Lets clients pipeline different requests at the same time, and demands their own answers. */
  private static void askSideBySide(
      TestContext context, Instance program, int number, int mostTimes, boolean mayBeRefused)
      throws Broken, IOException {
    List<Peer> clients = new ArrayList<>();
    List<List<Case>> requests = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      clients.add(context.connect(program));
      List<Case> own = new ArrayList<>();
      for (int j = 0; j < HASHES_EACH; j++) {
        int times = context.random().nextInt(mostTimes / 2, mostTimes);
        Case hash = OffloadRequests.hash(times, bytes("client %d, %d".formatted(i, j)), false);
        own.add(
            mayBeRefused ? new Case(hash.bytes(), List.of(hash.answers().getFirst(), BUSY)) : hash);
        own.add(request("ping", "pong"));
      }
      requests.add(own);
    }
    for (int i = 0; i < number; i++) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      requests.get(i).forEach(it -> all.writeBytes(it.bytes()));
      clients.get(i).send(all.toByteArray());
    }
    for (int i = 0; i < number; i++) {
      for (Case each : requests.get(i)) {
        demandAnswer(clients.get(i), each);
      }
      clients.get(i).close();
    }
  }

  /** Rule 14.13. */
  static void pings(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    List<Peer> pinging = new ArrayList<>();
    for (int i = 0; i < PINGING_CLIENTS; i++) {
      pinging.add(context.connect(program));
    }
    LongHash hash = LongHash.estimated(context, pinging.getFirst());
    List<Peer> busy = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      Peer client = context.connect(program);
      client.send(hash.request().repeat(HASHES_EACH));
      busy.add(client);
    }
    demandPrompt(context, pinging, "hashes are computed");
    for (Peer each : busy) {
      each.reset();
    }
    new OffloadClients(context, program, folder).occupyWorkersSoon("after clients left");
    demandPrompt(context, pinging, "files are read");
  }

  /**
   * Demands that each client gets at least one of several pongs soon. The clients may belong to
   * different event loops, of which one may be blocked.
   */
  private static void demandPrompt(TestContext context, List<Peer> clients, String when)
      throws Broken {
    for (Peer client : clients) {
      long fastest = Long.MAX_VALUE;
      long most = context.time(PING).toNanos();
      for (int i = 0; i < PINGS_EACH && fastest > most; i++) {
        long before = System.nanoTime();
        client.send("ping\n");
        client.expect(PONG);
        fastest = Math.min(fastest, System.nanoTime() - before);
      }
      if (fastest > most) {
        throw new Broken(
            "a pong while %s for others within %d ms, for each of %d clients once in %d tries"
                .formatted(when, context.time(PING).toMillis(), clients.size(), PINGS_EACH),
            "for one the fastest took %.1f ms".formatted(fastest / 1e6));
      }
    }
  }
}
