package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.PATIENCE;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.PIPELINED;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.OFFLOAD;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.SlowFile;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Section 14: one who works for its clients, and who answers others meanwhile. */
final class OffloadRules {

  static final List<Rule> ALL =
      List.of(
          rule("14.01", "Answer ping, hash and read.", OffloadRules::answers),
          rule("14.02", "Take a request in any pieces, with CR or without.", OffloadRules::pieces),
          rule("14.03", "Say so if a file cannot be read.", OffloadRules::unreadable),
          rule("14.04", "Refuse in words what is no request.", OffloadRules::refuses),
          rule(
              "14.05", "Answer a client's requests in order, one at a time.", OffloadRules::inTurn),
          rule("14.06", "Answer a client that has finished sending.", OffloadRules::halfClosed),
          rule("14.07", "Answer others while all workers work.", OffloadRules::othersGoOn),
          rule("14.08", "Do no more at a time than there are workers.", OffloadRules::workers),
          rule("14.09", "Refuse in words, at once, what may not wait.", OffloadRules::busy),
          new Rule(
              "14.10",
              MUST,
              "Free the place of a client that is gone.",
              OFFLOAD,
              Set.of(Need.TIMED),
              OffloadRules::cancels),
          rule("14.11", "Answer many pings that came at once.", OffloadRules::pipelined),
          rule("14.12", "Do not read who does not read its answers.", OffloadRules::backPressure),
          new Rule(
              "14.13",
              MUST,
              "Answer a ping soon while others have hashes made.",
              OFFLOAD,
              Set.of(Need.TIMED),
              OffloadRules::pings),
          new Rule(
              "14.14",
              MUST,
              "Leave nothing open, however a client leaves.",
              OFFLOAD,
              Set.of(Need.ALONE, Need.PROCESS),
              OffloadRules::leavesNothing),
          rule("14.15", Ending.SENTENCE, OffloadRules::ends),
          new Rule(
              "14.16",
              MUST,
              "Stop the work of a client that is gone: reading a FIFO, or hashing.",
              OFFLOAD,
              Set.of(Need.TIMED),
              OffloadRules::givesWorkersBack),
          rule(
              "14.17",
              "Read neither what a link leads to outside the folder, nor a device.",
              OffloadRules::staysInItsFolder));

  private static final ProgramConfig STANDARD = ProgramConfig.onLoopback(List.of());
  private static final String EMPTY = sha256(new byte[0], 1);
  private static final int MANY_TIMES = 3_000_000;
  private static final int PINGS = 50;
  private static final long BETWEEN_LOOKS_MILLIS = 20;

  /** Fewer than there are hashes, so that most of them meet one, however long they have to wait. */
  private static final int PINGS_BESIDE = 5;

  private static final int HASHES_EACH = 20;
  private static final int ROUNDS = 5;

  /** How long a hash takes depends on the machine, and on how busy it is. */
  private static final int HASH_FACTOR = 10;

  /** After that the work of a client has begun. */
  private static final Duration BEGUN = Duration.ofMillis(100);

  private static final String BUSY = "error busy, try later";
  private static final String NOTHING = "nothing";

  /** To be refused may take that long on a busy machine. */
  private static final Duration LONG = Duration.ofMillis(500);

  private OffloadRules() {}

  private static Rule rule(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, OFFLOAD, Set.of(), check);
  }

  private static String sha256(byte[] bytes, int times) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] hash = bytes;
      for (int i = 0; i < times; i++) {
        hash = digest.digest(hash);
      }
      return HexFormat.of().formatHex(hash) + "\n";
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has it", e);
    }
  }

  private static Instance program(Trial trial, Path folder)
      throws IOException, InterruptedException {
    return trial.program(STANDARD.reading(folder));
  }

  private static void answers(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    byte[] bytes = new byte[300_000];
    trial.random().nextBytes(bytes);
    Files.write(folder.resolve("some-file_1.bin"), bytes);
    Peer client = trial.connect(program(trial, folder));
    client.send("ping\n");
    client.expect("pong\n");
    client.send("hash 1 abc\n");
    client.expect("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
    client.send("hash 1000 \u00e9t\u00e9 and more\n");
    client.expect(sha256("\u00e9t\u00e9 and more".getBytes(UTF_8), 1000));
    client.send("hash 2 \n");
    client.expect(sha256(new byte[0], 2));
    client.send("read some-file_1.bin\n");
    client.expect(sha256(bytes, 1));
  }

  private static void pieces(Trial trial) throws Broken, IOException, InterruptedException {
    Peer client = trial.connect(program(trial, trial.folder()));
    for (byte each : "ping\r".getBytes(US_ASCII)) {
      client.send(new byte[] {each});
    }
    client.expectSilence(trial.time(SILENCE));
    client.send("\nhash 2 a");
    client.expect("pong\n");
    client.send("b\nping\n");
    client.expect(sha256("ab".getBytes(US_ASCII), 2) + "pong\n");
  }

  private static void unreadable(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Files.createDirectory(folder.resolve("folder"));
    Peer client = trial.connect(program(trial, folder));
    for (String name : List.of("missing", "folder")) {
      client.send("read %s\n".formatted(name));
      client.expect("error cannot read %s\n".formatted(name));
    }
    client.send("ping\n");
    client.expect("pong\n");
  }

  private static void refuses(Trial trial) throws Broken, IOException, InterruptedException {
    Instance program = program(trial, trial.folder());
    for (String nonsense :
        List.of(
            "",
            "pong",
            "ping ",
            "hash",
            "hash 0 x",
            "hash 10000001 x",
            "hash -1 x",
            "hash 99999999999999999999 x",
            "read",
            "read ../etc/passwd",
            "read .hidden",
            "read /etc/passwd")) {
      Peer client = trial.connect(program);
      client.send(nonsense + "\nping\n");
      client.expect("error expected ping, hash or read\n");
      client.expectFin();
    }
    Peer babbler = trial.connect(program);
    babbler.send("hash 1 " + "x".repeat(2 * LineReader.MAX_BYTES));
    babbler.expect("error line too long\n");
    babbler.expectFin();
  }

  private static void inTurn(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    SlowFile first = trial.slowFile(folder, "first");
    SlowFile second = trial.slowFile(folder, "second");
    Peer client = trial.connect(program(trial, folder));
    client.send("read first\nread second\nping\nping\n");
    first.expectReader();
    second.expectNoReader(trial.time(SILENCE));
    client.expectSilence(trial.time(SILENCE));
    first.release("");
    client.expect(EMPTY);
    second.expectReader();
    second.release("abc");
    client.expect(sha256("abc".getBytes(US_ASCII), 1) + "pong\npong\n");
  }

  private static void halfClosed(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    SlowFile slow = trial.slowFile(folder, "slow");
    Peer client = trial.connect(program(trial, folder));
    client.send("read slow\nping\n");
    client.finishSending();
    slow.expectReader();
    client.expectSilence(trial.time(SILENCE));
    slow.release("");
    client.expect(EMPTY + "pong\n");
    client.expectFin();
  }

  /** Clients who have all workers wait for a file each. */
  private static List<SlowFile> occupy(Trial trial, Instance program, Path folder)
      throws Broken, IOException, InterruptedException {
    List<SlowFile> files = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      SlowFile file = trial.slowFile(folder, "occupied" + i);
      trial.connect(program).send("read %s\n".formatted(file.name()));
      file.expectReader();
      files.add(file);
    }
    return files;
  }

  private static void othersGoOn(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Instance program = program(trial, folder);
    occupy(trial, program, folder);
    for (int i = 0; i < PINGS; i++) {
      try (Peer client = trial.connect(program)) {
        client.send("ping\n");
        client.expect("pong\n");
      }
    }
  }

  private static void workers(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Instance program = program(trial, folder);
    List<SlowFile> occupied = occupy(trial, program, folder);
    SlowFile next = trial.slowFile(folder, "next");
    Peer client = trial.connect(program);
    client.send("read next\n");
    next.expectNoReader(trial.time(SILENCE));
    occupied.getFirst().release("");
    next.expectReader();
    next.release("");
    client.expect(EMPTY);
  }

  /** Some ask at once; those who may wait do, and all others are refused. */
  private static void busy(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Instance program = program(trial, folder);
    List<SlowFile> occupied = occupy(trial, program, folder);
    int refused = 2 * STANDARD.queue();
    BlockingQueue<String> answers = askAtOnce(trial, program, STANDARD.queue() + refused);
    for (int i = 0; i < refused; i++) {
      demand(BUSY, next(answers, trial.patience()));
    }
    demand(NOTHING, next(answers, trial.time(SILENCE)));
    for (SlowFile each : occupied) {
      each.release("");
    }
    for (int i = 0; i < STANDARD.queue(); i++) {
      demand(EMPTY.strip(), next(answers, trial.patience()));
    }
  }

  /** So many clients ask for a hash; what they hear, as it comes. */
  private static BlockingQueue<String> askAtOnce(Trial trial, Instance program, int clients)
      throws Broken, IOException {
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    for (int i = 0; i < clients; i++) {
      Peer client = trial.connect(program);
      client.send("hash 1 \n");
      Thread.startVirtualThread(
          () -> {
            try {
              answers.add(client.line());
            } catch (Broken e) {
              answers.add(String.valueOf(e.getMessage()));
            }
          });
    }
    return answers;
  }

  private static String next(BlockingQueue<String> answers, Duration within)
      throws InterruptedException {
    String answer = answers.poll(within.toMillis(), TimeUnit.MILLISECONDS);
    return answer == null ? NOTHING : answer;
  }

  private static void demand(String expected, String actual) throws Broken {
    if (!actual.equals(expected)) {
      throw new Broken(expected, actual);
    }
  }

  private static void cancels(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Instance program = program(trial, folder);
    List<SlowFile> occupied = occupy(trial, program, folder);
    SlowFile unwanted = trial.slowFile(folder, "unwanted");
    List<Peer> gone = new ArrayList<>();
    for (int i = 0; i < STANDARD.queue(); i++) {
      Peer client = trial.connect(program);
      client.send("read unwanted\n");
      client.expectSilence(LONG);
      gone.add(client);
    }
    Peer early = trial.connect(program);
    early.send("hash 1 \n");
    early.expect(BUSY + "\n");
    for (Peer each : gone) {
      each.reset();
    }
    List<Peer> after = new ArrayList<>();
    long deadline = System.nanoTime() + trial.patience().toNanos();
    while (after.size() < STANDARD.queue()) {
      Peer client = trial.connect(program);
      client.send("hash 1 \n");
      if (waits(client)) {
        after.add(client);
        continue;
      }
      client.close();
      if (System.nanoTime() - deadline > 0) {
        throw new Broken("the places of those who are gone", "still none may wait");
      }
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS_MILLIS);
    }
    for (SlowFile each : occupied) {
      each.release("");
    }
    for (Peer each : after) {
      each.expect(EMPTY);
    }
    unwanted.expectNoReader(trial.time(SILENCE));
  }

  private static boolean waits(Peer client) {
    try {
      client.expectSilence(LONG);
      return true;
    } catch (Broken _) {
      return false;
    }
  }

  /** If the work went on, there would be no worker left after the first of these rounds. */
  private static void givesWorkersBack(Trial trial)
      throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    trial.fifo(folder, "fifo");
    Instance program = program(trial, folder);
    for (int i = 0; i < ROUNDS; i++) {
      leaveAtWork(trial, program, "read fifo\n");
      demandAnswer(trial, program, "reading a FIFO that nobody writes to");
    }
    String hash = "hash %d x\n".formatted(2 * MANY_TIMES);
    Peer patient = trial.connect(program);
    long before = System.nanoTime();
    patient.send(hash);
    patient.line(trial.time(PATIENCE).multipliedBy(HASH_FACTOR));
    long whole = System.nanoTime() - before;
    long[] waited = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      leaveAtWork(trial, program, hash);
      long gone = System.nanoTime();
      demandAnswer(trial, program, "a hash that takes %,d ms".formatted(whole / 1_000_000));
      waited[i] = System.nanoTime() - gone;
    }
    Timing.demandMedian(
        waited,
        Duration.ofNanos(whole / 2),
        "a worker that was given back, of a hash that takes %,d ms".formatted(whole / 1_000_000));
  }

  /** Clients that are gone while all workers work for them. */
  private static void leaveAtWork(Trial trial, Instance program, String request)
      throws Broken, IOException, InterruptedException {
    List<Peer> clients = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      Peer client = trial.connect(program);
      client.send(request);
      clients.add(client);
    }
    clients.getLast().expectSilence(BEGUN);
    for (Peer each : clients) {
      each.reset();
    }
  }

  private static void demandAnswer(Trial trial, Instance program, String lost)
      throws Broken, IOException {
    try (Peer client = trial.connect(program)) {
      client.send("hash 1 \n");
      try {
        client.expect(EMPTY);
      } catch (Broken e) {
        throw e.at("after the clients left whose workers were busy with " + lost);
      }
    }
  }

  private static void staysInItsFolder(Trial trial)
      throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Path outside = trial.folder();
    Files.writeString(outside.resolve("secret"), "abc");
    Files.createSymbolicLink(folder.resolve("link"), outside.resolve("secret"));
    Files.createSymbolicLink(folder.resolve("elsewhere"), outside);
    Files.createSymbolicLink(folder.resolve("zero"), Path.of("/dev/zero"));
    Files.createSymbolicLink(folder.resolve("null"), Path.of("/dev/null"));
    Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("missing"));
    Instance program = program(trial, folder);
    for (String name : List.of("link", "elsewhere", "null", "nowhere", "zero")) {
      Peer client = trial.connect(program);
      client.send("read %s\n".formatted(name));
      client.expect("error cannot read %s\n".formatted(name));
    }
  }

  private static void pipelined(Trial trial) throws Broken, IOException, InterruptedException {
    Peer client = trial.connect(program(trial, trial.folder()));
    int count = trial.count(PIPELINED);
    client.exchange(
        "ping\n".repeat(count).getBytes(US_ASCII), "pong\n".repeat(count).getBytes(US_ASCII));
  }

  private static void backPressure(Trial trial) throws Broken, IOException, InterruptedException {
    Instance program = program(trial, trial.folder());
    Peer client = trial.connectWithWindow(program, 64 * 1024);
    long allowed = 2 * Kernel.buffers() + ProgramConfig.RELAY_BYTES;
    long lines = 2 * allowed / 5;
    long sent = client.sendUntilFull(OffloadRules::pings, 5 * lines);
    if (sent > allowed) {
      throw new Broken(
          "at most %,d bytes to be taken of who reads nothing".formatted(allowed),
          "%,d were".formatted(sent));
    }
    Peer other = trial.connect(program);
    other.send("ping\n");
    other.expect("pong\n");
  }

  private static void pings(Trial trial) throws Broken, IOException, InterruptedException {
    Instance program = program(trial, trial.folder());
    Peer client = trial.connect(program);
    for (int i = 0; i < STANDARD.workers(); i++) {
      trial.connect(program).send("hash %d x\n".formatted(MANY_TIMES).repeat(HASHES_EACH));
    }
    long[] nanos = new long[PINGS_BESIDE];
    for (int i = 0; i < PINGS_BESIDE; i++) {
      long before = System.nanoTime();
      client.send("ping\n");
      client.expect("pong\n");
      nanos[i] = System.nanoTime() - before;
    }
    Timing.demandMedian(nanos, trial.time(PING), "a pong while others have hashes made");
  }

  private static void ends(Trial trial) throws Broken, IOException, InterruptedException {
    Instance program = program(trial, trial.folder());
    trial.connect(program);
    Peer stuck = trial.connectWithWindow(program, 64 * 1024);
    stuck.sendUntilFull(OffloadRules::pings, 4 * Kernel.buffers());
    Peer gone = trial.connectWithWindow(program, 64 * 1024);
    gone.sendUntilFull(OffloadRules::pings, 4 * Kernel.buffers());
    gone.reset();
    Ending.demand(trial, program);
  }

  /** A stream of them. */
  private static void pings(byte[] into, int length, long position) {
    for (int i = 0; i < length; i++) {
      into[i] = (byte) "ping\n".charAt((int) ((position + i) % 5));
    }
  }

  private static void leavesNothing(Trial trial) throws Broken, IOException, InterruptedException {
    Path folder = trial.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Instance program = program(trial, folder);
    Leftovers.demandNone(
        trial,
        List.of(program),
        trial.count(CLOSES) / 4,
        () -> {
          try (Peer client = trial.connect(program)) {
            client.send("read file\nread missing\nping\n");
            client.finishSending();
            client.expect(sha256("abc".getBytes(US_ASCII), 1));
            client.expect("error cannot read missing\npong\n");
            client.expectFin();
          }
          Peer gone = trial.connect(program);
          gone.send("hash 1000 x\nread file\n");
          gone.reset();
          try (Peer client = trial.connect(program)) {
            client.send("\n");
            client.expect("error expected ping, hash or read\n");
            client.expectFin();
          }
        });
  }
}
