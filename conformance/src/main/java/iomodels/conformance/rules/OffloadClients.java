package iomodels.conformance.rules;

import static iomodels.conformance.rules.OffloadRequests.sha256;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.SlowFile;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The clients of an {@code offload} program: they occupy its workers, fill its queue, and count
 * both. Not safe for use by several threads.
 */
final class OffloadClients {

  /** The configuration of every program. */
  static final ProgramConfig STANDARD = ProgramConfig.onLoopback(List.of());

  /** The answer to a task when no place in the queue is free. */
  static final String BUSY = "error busy, try later";

  /** The answer to {@link #SHORT}, and to reading an empty file. */
  static final String EMPTY = sha256(new byte[0], 1);

  /** A task that ends as soon as it has begun. */
  static final String SHORT = "hash 1 \n";

  /** In the place of an answer that did not come. */
  static final String NOTHING = "no answer";

  /** The number of clients of a burst that are refused. */
  static final int REFUSED = 2 * STANDARD.queue();

  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);
  private static final int FIFOS_AT_ONCE = 8;

  private final TestContext context;
  private final Instance program;
  private final Path folder;
  private final Queue<SlowFile> fifos = new ArrayDeque<>();
  private int made;

  OffloadClients(TestContext context, Instance program, Path folder) {
    this.context = context;
    this.program = program;
    this.folder = folder;
  }

  Peer connect() throws Broken, IOException {
    return context.connect(program);
  }

  /** Returns a file that no client has asked for, and whose readers block. */
  SlowFile slowFile() throws IOException, InterruptedException {
    if (fifos.isEmpty()) {
      fifos.addAll(context.slowFiles(folder, "slow%d-".formatted(made), FIFOS_AT_ONCE));
      made++;
    }
    return fifos.remove();
  }

  /** A client, and the file that a worker reads for it. */
  record Occupant(Peer client, SlowFile file) {}

  /** Lets a client ask for a slow file, and waits until a worker reads it. */
  Occupant occupyWorker() throws Broken, IOException, InterruptedException {
    SlowFile file = slowFile();
    Peer client = connect();
    client.send("read %s\n".formatted(file.name()));
    file.expectReader();
    return new Occupant(client, file);
  }

  /** Occupies every worker. */
  List<Occupant> occupyWorkers() throws Broken, IOException, InterruptedException {
    List<Occupant> occupants = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      occupants.add(occupyWorker());
    }
    return occupants;
  }

  /** Ends the tasks of these clients, and demands their answers. */
  static void release(List<Occupant> occupants) throws Broken, IOException {
    for (Occupant each : occupants) {
      each.file.release("");
    }
    for (Occupant each : occupants) {
      each.client.expect(EMPTY + "\n");
      each.client.close();
    }
  }

  /** An answer to one client of a {@link Burst}. */
  record Answer(Peer client, String line) {}

  /** Clients that have asked at the same time; their answers come in any order. */
  static final class Burst {

    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final Set<Peer> unanswered = ConcurrentHashMap.newKeySet();
    private final List<Peer> answered = new ArrayList<>();

    private void ask(Peer client, String request) throws Broken {
      unanswered.add(client);
      client.send(request);
      Thread.startVirtualThread(
          () -> {
            try {
              answers.add(new Answer(client, client.line()));
            } catch (Broken e) {
              answers.add(new Answer(client, "%s: %s".formatted(NOTHING, e.getMessage())));
            }
          });
    }

    /** Returns the next answer; {@link #NOTHING} if none comes within this time. */
    String next(Duration within) throws InterruptedException {
      Answer answer = answers.poll(within.toMillis(), TimeUnit.MILLISECONDS);
      if (answer == null) {
        return NOTHING;
      }
      unanswered.remove(answer.client);
      answered.add(answer.client);
      return answer.line;
    }

    /** Returns the clients whose answers have been taken. */
    List<Peer> answered() {
      return answered;
    }

    /** Returns the clients whose answers have not been taken. */
    List<Peer> unanswered() {
      return List.copyOf(unanswered);
    }

    /** Closes all connections; a task that waits for an answer is given up. */
    void close() throws IOException {
      for (Peer each : unanswered) {
        each.reset();
      }
      answered.forEach(Peer::close);
    }
  }

  /** Lets so many clients ask at the same time that {@link #REFUSED} have to be refused. */
  Burst burst(String request) throws Broken, IOException {
    Burst burst = new Burst();
    List<Peer> clients = new ArrayList<>();
    for (int i = 0; i < STANDARD.queue() + REFUSED; i++) {
      clients.add(connect());
    }
    for (Peer each : clients) {
      burst.ask(each, request);
    }
    return burst;
  }

  /** Demands that so many clients of a burst are refused, while all workers are occupied. */
  void demandRefusals(Burst burst) throws Broken, InterruptedException {
    for (int i = 0; i < REFUSED; i++) {
      String answer = burst.next(context.patience());
      if (answer.equals(NOTHING)) {
        throw Broken.late(
            "%d of %d tasks to be refused, as %d places are in the queue"
                .formatted(REFUSED, REFUSED + STANDARD.queue(), STANDARD.queue()),
            "only %d were refused; then came no answer".formatted(i));
      }
      if (answer.equals(EMPTY)) {
        throw new Broken(
            "no more than %d tasks to run at a time".formatted(STANDARD.workers()),
            "a further task was answered while all workers were busy");
      }
      if (!answer.equals(BUSY)) {
        throw new Broken(BUSY, "got " + answer);
      }
    }
  }

  /**
   * Demands that all workers and all places in the queue are available, and no more. What has ended
   * a moment ago may still be in the way of a task, so a refusal is tried again for a while.
   *
   * @param when what has happened before, for the message
   */
  void demandCapacity(String when) throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    try {
      while (true) {
        List<Occupant> occupants = occupyWorkers(deadline);
        Burst burst = burst(SHORT);
        demandRefusals(burst);
        release(occupants);
        int served = 0;
        for (int i = 0; i < STANDARD.queue(); i++) {
          String answer = burst.next(context.patience());
          if (!answer.equals(EMPTY) && !answer.equals(BUSY)) {
            throw new Broken(EMPTY, "got " + answer);
          }
          served += answer.equals(EMPTY) ? 1 : 0;
        }
        burst.close();
        if (served == STANDARD.queue()) {
          return;
        }
        if (System.nanoTime() - deadline > 0) {
          throw new Broken(
              "%d places in the queue".formatted(STANDARD.queue()), "there are " + served);
        }
        Thread.sleep(POLL_INTERVAL);
      }
    } catch (Broken e) {
      throw e.at(when);
    }
  }

  /**
   * Occupies every worker, although the tasks of clients that are gone may still be in the way.
   *
   * @param when what has happened before, for the message
   */
  List<Occupant> occupyWorkersSoon(String when) throws Broken, IOException, InterruptedException {
    try {
      return occupyWorkers(System.nanoTime() + context.patience().toNanos());
    } catch (Broken e) {
      throw e.at(when);
    }
  }

  /** Occupies every worker, and asks again for a while where it is refused. */
  private List<Occupant> occupyWorkers(long deadline)
      throws Broken, IOException, InterruptedException {
    List<Occupant> occupants = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      SlowFile file = slowFile();
      Peer client = ask(file);
      while (!file.isReadWithin(POLL_INTERVAL)) {
        boolean isLate = System.nanoTime() - deadline > 0;
        String refusal = refusal(client);
        if (isLate) {
          throw Broken.late(
              "%d tasks to run at a time".formatted(STANDARD.workers()),
              "only %d did%s".formatted(i, refusal));
        }
        if (!refusal.isEmpty()) {
          client.close();
          client = ask(file);
        }
      }
      occupants.add(new Occupant(client, file));
    }
    return occupants;
  }

  private Peer ask(SlowFile file) throws Broken, IOException {
    Peer client = connect();
    client.send("read %s\n".formatted(file.name()));
    return client;
  }

  /** Returns what is wrong with an answer that should not come yet; empty if there is none. */
  private static String refusal(Peer client) {
    try {
      client.expectSilence(Duration.ofMillis(1));
      return "";
    } catch (Broken e) {
      return "; the next one: " + e.getMessage();
    }
  }
}
