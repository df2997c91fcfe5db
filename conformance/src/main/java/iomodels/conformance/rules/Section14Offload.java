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
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.SlowFile;
import iomodels.conformance.TestContext;
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

/** Section 14: long tasks, during which other clients get quick answers. */
final class Section14Offload {

  static final List<Rule> ALL =
      List.of(
          rule(
              "14.01",
              "The program MUST answer ping, hash and read requests.",
              "Clients compare hashes byte by byte. If the program encodes the text anew, hashes"
                  + " only the first part of a file, or prints upper-case digits, intact data looks"
                  + " damaged.",
              Section14Offload::answers),
          rule(
              "14.02",
              "The program MUST accept a request in any pieces, with or without a CR before"
                  + " its LF.",
              "TCP does not keep message boundaries (RFC 9293), so a read may return half of"
                  + " a request or two of them. Clients such as telnet end a line with CR LF, and"
                  + " the CR would change the hash.",
              Section14Offload::pieces),
          rule(
              "14.03",
              "If a file cannot be read, the program MUST answer with an error line, and keep the"
                  + " connection usable.",
              "A name may be that of no file, or of a folder (open(2), ENOENT; read(2), EISDIR)."
                  + " One wrong name should not leave the client without an answer, or cost it the"
                  + " connection.",
              Section14Offload::unreadable),
          rule(
              "14.04",
              "The program MUST answer a line that is not a request with an error line, and"
                  + " then close the connection.",
              "Requests come from the network: a name like ../etc/passwd must not reach the"
                  + " file system (CWE-22), and a count without a limit lets one line occupy a"
                  + " worker forever (CWE-400).",
              Section14Offload::refuses),
          rule(
              "14.05",
              "The program MUST answer a client's requests in order, one at a time.",
              "A client matches pipelined answers to its requests by their order (RFC 9112, section"
                  + " 9.3.2). If its requests ran side by side, a short one would overtake a long"
                  + " one, and one client could occupy all workers.",
              Section14Offload::inTurn),
          rule(
              "14.06",
              "The program MUST answer a client that has finished sending.",
              "A script that pipes its requests into nc -N sends FIN right after them. FIN"
                  + " ends one direction only (RFC 9293, section 3.6.1); a program that cancels the"
                  + " work at FIN never answers the script.",
              Section14Offload::halfClosed),
          rule(
              "14.07",
              "The program MUST answer other clients while all workers are busy.",
              "A task that blocks or computes on an event loop stops all connections of that"
                  + " loop. Not to block the event loop is the golden rule of the Vert.x"
                  + " documentation, and Node.js has a guide of its own about it.",
              Section14Offload::othersGoOn),
          rule(
              "14.08",
              "The program MUST NOT run more tasks at a time than it has workers.",
              "With a thread for each task, the clients decide how much memory and processor"
                  + " time the program takes. Tasks beyond the number of cores only slow each other"
                  + " down.",
              Section14Offload::workers),
          rule(
              "14.09",
              "If no place in the queue is free, the program MUST refuse a task with an error"
                  + " line, at once.",
              "An unbounded queue turns overload into growing delay, and then into a lack of"
                  + " memory, as the Javadoc of ThreadPoolExecutor warns. A client that is refused"
                  + " at once can go elsewhere, as with HTTP's 503 (RFC 9110, section 15.6.4).",
              Section14Offload::busy),
          new Rule(
              "14.10",
              MUST,
              "When a client is gone, the program MUST free its place in the queue.",
              "Clients that wait too long give up and ask again. If requests that nobody"
                  + " waits for keep their places, the queue stays full, and live clients are"
                  + " refused.",
              OFFLOAD,
              Set.of(),
              Scheduling.TIMED,
              Section14Offload::cancels),
          rule(
              "14.11",
              "The program MUST answer many pings that arrive at once.",
              "One read may return thousands of pipelined requests. A program that handles"
                  + " one request per read leaves the others unanswered, and one that recurses for"
                  + " each overflows the stack.",
              Section14Offload::pipelined),
          rule(
              "14.12",
              "The program MUST stop reading from a client that does not read its answers.",
              "Otherwise the answers accumulate in memory. The \"Ping Flood\" attack on"
                  + " HTTP/2 servers did just that (CVE-2019-9512).",
              Section14Offload::backPressure),
          new Rule(
              "14.13",
              MUST,
              "The program MUST answer a ping soon while hashes are computed for other"
                  + " clients.",
              "Health checks have short time limits. A load balancer takes a server out whose"
                  + " answer is late; its load moves to the others, whose answers are then late as"
                  + " well (Site Reliability Engineering, chapter 22).",
              OFFLOAD,
              Set.of(),
              Scheduling.TIMED,
              Section14Offload::pings),
          new Rule(
              "14.14",
              MUST,
              "The program MUST leave nothing open, however a client leaves.",
              "Clients finish, reset in the middle of a task, and are refused. If one of"
                  + " these paths forgets a socket or a file, it leaks one each time, until open(2)"
                  + " and accept(2) fail with EMFILE.",
              OFFLOAD,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              Section14Offload::leavesNothing),
          rule("14.15", Shutdown.SENTENCE, Shutdown.WHY, Section14Offload::ends),
          new Rule(
              "14.16",
              MUST,
              "When a client is gone, the program MUST stop its work, whether it reads a FIFO"
                  + " or computes a hash.",
              "Opening a FIFO blocks until its other end is opened (fifo(7)), perhaps forever, and"
                  + " a hash can take seconds. Without cancellation, a few clients that ask and"
                  + " leave occupy all workers.",
              OFFLOAD,
              Set.of(),
              Scheduling.TIMED,
              Section14Offload::givesWorkersBack),
          rule(
              "14.17",
              "The program MUST NOT read a device, nor follow a link that leads outside its"
                  + " folder; it MUST answer such a request with an error line.",
              "A link in the folder would otherwise give access to any file that the program may"
                  + " read (CWE-59). /dev/zero never ends (zero(4)), so one request would occupy a"
                  + " worker forever.",
              Section14Offload::staysInItsFolder));

  private static final ProgramConfig STANDARD = ProgramConfig.onLoopback(List.of());
  private static final String EMPTY = sha256(new byte[0], 1);
  private static final int MANY_TIMES = 3_000_000;
  private static final int PINGS = 50;
  private static final long POLL_INTERVAL_MILLIS = 20;

  /** Fewer than hashes, so that most pings run beside a hash, even if they are slow. */
  private static final int PINGS_BESIDE = 5;

  private static final int HASHES_EACH = 20;
  private static final int ROUNDS = 5;

  /** Multiple of the usual patience: the duration of a hash depends on the machine and its load. */
  private static final int HASH_FACTOR = 10;

  /** After this time the work for a client has begun. */
  private static final Duration BEGUN = Duration.ofMillis(100);

  private static final String BUSY = "error busy, try later";
  private static final String NOTHING = "no answer";

  /** A refusal may take this long on a busy machine. */
  private static final Duration LONG = Duration.ofMillis(500);

  private Section14Offload() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, OFFLOAD, Set.of(), check);
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
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  private static Instance program(TestContext context, Path folder)
      throws IOException, InterruptedException {
    return context.program(STANDARD.reading(folder));
  }

  private static void answers(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    byte[] bytes = new byte[300_000];
    context.random().nextBytes(bytes);
    Files.write(folder.resolve("some-file_1.bin"), bytes);
    Peer client = context.connect(program(context, folder));
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

  private static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context, context.folder()));
    for (byte each : "ping\r".getBytes(US_ASCII)) {
      client.send(new byte[] {each});
    }
    client.expectSilence(context.time(SILENCE));
    client.send("\nhash 2 a");
    client.expect("pong\n");
    client.send("b\nping\n");
    client.expect(sha256("ab".getBytes(US_ASCII), 2) + "pong\n");
  }

  private static void unreadable(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.createDirectory(folder.resolve("folder"));
    Peer client = context.connect(program(context, folder));
    for (String name : List.of("missing", "folder")) {
      client.send("read %s\n".formatted(name));
      client.expect("error cannot read %s\n".formatted(name));
    }
    client.send("ping\n");
    client.expect("pong\n");
  }

  private static void refuses(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
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
      Peer client = context.connect(program);
      client.send(nonsense + "\nping\n");
      client.expect("error expected ping, hash or read\n");
      client.expectFin();
    }
    Peer babbler = context.connect(program);
    babbler.send("hash 1 " + "x".repeat(2 * LineReader.MAX_BYTES));
    babbler.expect("error line too long\n");
    babbler.expectFin();
  }

  private static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    SlowFile first = context.slowFile(folder, "first");
    SlowFile second = context.slowFile(folder, "second");
    Peer client = context.connect(program(context, folder));
    client.send("read first\nread second\nping\nping\n");
    first.expectReader();
    second.expectNoReader(context.time(SILENCE));
    client.expectSilence(context.time(SILENCE));
    first.release("");
    client.expect(EMPTY);
    second.expectReader();
    second.release("abc");
    client.expect(sha256("abc".getBytes(US_ASCII), 1) + "pong\npong\n");
  }

  private static void halfClosed(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    SlowFile slow = context.slowFile(folder, "slow");
    Peer client = context.connect(program(context, folder));
    client.send("read slow\nping\n");
    client.finishSending();
    slow.expectReader();
    client.expectSilence(context.time(SILENCE));
    slow.release("");
    client.expect(EMPTY + "pong\n");
    client.expectFin();
  }

  /** Occupies each worker with a file whose reader blocks. */
  private static List<SlowFile> occupy(TestContext context, Instance program, Path folder)
      throws Broken, IOException, InterruptedException {
    List<SlowFile> files = new ArrayList<>();
    for (int i = 0; i < STANDARD.workers(); i++) {
      SlowFile file = context.slowFile(folder, "occupied" + i);
      context.connect(program).send("read %s\n".formatted(file.name()));
      file.expectReader();
      files.add(file);
    }
    return files;
  }

  private static void othersGoOn(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    occupy(context, program, folder);
    for (int i = 0; i < PINGS; i++) {
      try (Peer client = context.connect(program)) {
        client.send("ping\n");
        client.expect("pong\n");
      }
    }
  }

  private static void workers(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    List<SlowFile> occupied = occupy(context, program, folder);
    SlowFile next = context.slowFile(folder, "next");
    Peer client = context.connect(program);
    client.send("read next\n");
    next.expectNoReader(context.time(SILENCE));
    occupied.getFirst().release("");
    next.expectReader();
    next.release("");
    client.expect(EMPTY);
  }

  /** Of clients that ask at the same time, some fit into the queue; the others are refused. */
  private static void busy(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    List<SlowFile> occupied = occupy(context, program, folder);
    int refused = 2 * STANDARD.queue();
    BlockingQueue<String> answers = askAtOnce(context, program, STANDARD.queue() + refused);
    for (int i = 0; i < refused; i++) {
      demand(BUSY, next(answers, context.patience()));
    }
    demand(NOTHING, next(answers, context.time(SILENCE)));
    for (SlowFile each : occupied) {
      each.release("");
    }
    for (int i = 0; i < STANDARD.queue(); i++) {
      demand(EMPTY.strip(), next(answers, context.patience()));
    }
  }

  /** Lets each of several clients request a hash; returns the answers in order of arrival. */
  private static BlockingQueue<String> askAtOnce(TestContext context, Instance program, int clients)
      throws Broken, IOException {
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    for (int i = 0; i < clients; i++) {
      Peer client = context.connect(program);
      client.send("hash 1 \n");
      Thread.startVirtualThread(
          () -> {
            try {
              answers.add(client.line());
            } catch (Broken e) {
              answers.add("%s: %s".formatted(NOTHING, e.getMessage()));
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
      throw new Broken(expected, "got " + actual);
    }
  }

  private static void cancels(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    List<SlowFile> occupied = occupy(context, program, folder);
    SlowFile unwanted = context.slowFile(folder, "unwanted");
    List<Peer> gone = new ArrayList<>();
    for (int i = 0; i < STANDARD.queue(); i++) {
      Peer client = context.connect(program);
      client.send("read unwanted\n");
      client.expectSilence(LONG);
      gone.add(client);
    }
    Peer early = context.connect(program);
    early.send("hash 1 \n");
    early.expect(BUSY + "\n");
    for (Peer each : gone) {
      each.reset();
    }
    List<Peer> after = new ArrayList<>();
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (after.size() < STANDARD.queue()) {
      Peer client = context.connect(program);
      client.send("hash 1 \n");
      if (waits(client)) {
        after.add(client);
        continue;
      }
      client.close();
      if (System.nanoTime() - deadline > 0) {
        throw new Broken(
            "the places of clients that are gone to be free", "new tasks are still refused");
      }
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
    }
    for (SlowFile each : occupied) {
      each.release("");
    }
    for (Peer each : after) {
      each.expect(EMPTY);
    }
    unwanted.expectNoReader(context.time(SILENCE));
  }

  private static boolean waits(Peer client) {
    try {
      client.expectSilence(LONG);
      return true;
    } catch (Broken _) {
      return false;
    }
  }

  /** If the work continued, no worker would be left after the first of these rounds. */
  private static void givesWorkersBack(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    for (int i = 0; i < ROUNDS; i++) {
      // A program may end a read by opening the FIFO to write: that must not end the next round's.
      context.fifo(folder, "fifo" + i);
      leaveAtWork(context, program, "read fifo%d\n".formatted(i));
      demandAnswer(context, program, "reading a FIFO that nobody writes to");
    }
    String hash = "hash %d x\n".formatted(2 * MANY_TIMES);
    Peer patient = context.connect(program);
    long before = System.nanoTime();
    patient.send(hash);
    patient.line(context.time(PATIENCE).multipliedBy(HASH_FACTOR));
    long whole = System.nanoTime() - before;
    long[] waited = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      leaveAtWork(context, program, hash);
      long gone = System.nanoTime();
      demandAnswer(context, program, "a hash that takes %,d ms".formatted(whole / 1_000_000));
      waited[i] = System.nanoTime() - gone;
    }
    Timing.demandMedian(
        waited,
        Duration.ofNanos(whole / 2),
        "a worker to be free after its client left during a hash that takes %,d ms"
            .formatted(whole / 1_000_000));
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
    clients.getLast().expectSilence(BEGUN);
    for (Peer each : clients) {
      each.reset();
    }
  }

  private static void demandAnswer(TestContext context, Instance program, String lost)
      throws Broken, IOException {
    try (Peer client = context.connect(program)) {
      client.send("hash 1 \n");
      try {
        client.expect(EMPTY);
      } catch (Broken e) {
        throw e.at("after the clients left whose workers were busy with " + lost);
      }
    }
  }

  private static void staysInItsFolder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Path outside = context.folder();
    Files.writeString(outside.resolve("secret"), "abc");
    Files.createSymbolicLink(folder.resolve("link"), outside.resolve("secret"));
    Files.createSymbolicLink(folder.resolve("elsewhere"), outside);
    Files.createSymbolicLink(folder.resolve("zero"), Path.of("/dev/zero"));
    Files.createSymbolicLink(folder.resolve("null"), Path.of("/dev/null"));
    Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("missing"));
    Instance program = program(context, folder);
    for (String name : List.of("link", "elsewhere", "null", "nowhere", "zero")) {
      Peer client = context.connect(program);
      client.send("read %s\n".formatted(name));
      client.expect("error cannot read %s\n".formatted(name));
    }
  }

  private static void pipelined(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context, context.folder()));
    int count = context.count(PIPELINED);
    client.exchange(
        "ping\n".repeat(count).getBytes(US_ASCII), "pong\n".repeat(count).getBytes(US_ASCII));
  }

  private static void backPressure(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    Peer client = context.connectWithWindow(program, 64 * 1024);
    HeldBytes.demandFew(
        "a program",
        client,
        client,
        Section14Offload::pings,
        ProgramConfig.RELAY_BYTES,
        2 * Kernel.buffers());
    Peer other = context.connect(program);
    other.send("ping\n");
    other.expect("pong\n");
  }

  private static void pings(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    Peer client = context.connect(program);
    for (int i = 0; i < STANDARD.workers(); i++) {
      context.connect(program).send("hash %d x\n".formatted(MANY_TIMES).repeat(HASHES_EACH));
    }
    long[] nanos = new long[PINGS_BESIDE];
    for (int i = 0; i < PINGS_BESIDE; i++) {
      long before = System.nanoTime();
      client.send("ping\n");
      client.expect("pong\n");
      nanos[i] = System.nanoTime() - before;
    }
    Timing.demandMedian(nanos, context.time(PING), "a pong while hashes are computed for others");
  }

  private static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    context.connect(program);
    Peer stuck = context.connectWithWindow(program, 64 * 1024);
    stuck.sendUntilFull(Section14Offload::pings, 4 * Kernel.buffers());
    Peer gone = context.connectWithWindow(program, 64 * 1024);
    gone.sendUntilFull(Section14Offload::pings, 4 * Kernel.buffers());
    gone.reset();
    Shutdown.demand(context, program);
  }

  /** An endless stream of ping requests. */
  private static void pings(byte[] into, int length, long position) {
    for (int i = 0; i < length; i++) {
      into[i] = (byte) "ping\n".charAt((int) ((position + i) % 5));
    }
  }

  private static void leavesNothing(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Instance program = program(context, folder);
    ResourceLeaks.demandNone(
        context,
        List.of(program),
        context.count(CLOSES) / 4,
        () -> {
          try (Peer client = context.connect(program)) {
            client.send("read file\nread missing\nping\n");
            client.finishSending();
            client.expect(sha256("abc".getBytes(US_ASCII), 1));
            client.expect("error cannot read missing\npong\n");
            client.expectFin();
          }
          Peer gone = context.connect(program);
          gone.send("hash 1000 x\nread file\n");
          gone.reset();
          try (Peer client = context.connect(program)) {
            client.send("\n");
            client.expect("error expected ping, hash or read\n");
            client.expectFin();
          }
        });
  }
}
