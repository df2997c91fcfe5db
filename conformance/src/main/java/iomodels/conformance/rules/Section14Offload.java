package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.PING;
import static iomodels.conformance.Bound.PIPELINED;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.rules.OffloadClients.BUSY;
import static iomodels.conformance.rules.OffloadClients.EMPTY;
import static iomodels.conformance.rules.OffloadClients.NOTHING;
import static iomodels.conformance.rules.OffloadClients.SHORT;
import static iomodels.conformance.rules.OffloadClients.STANDARD;
import static iomodels.conformance.rules.OffloadRequests.sha256;
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
import iomodels.conformance.rules.OffloadClients.Burst;
import iomodels.conformance.rules.OffloadClients.Occupant;
import iomodels.conformance.rules.OffloadRequests.Case;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

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
          timed(
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
              "The program MUST answer a ping soon while hashes are computed or files are read for"
                  + " other clients.",
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
                  + " folder; it MUST answer such a request with an error line. It MUST follow a"
                  + " link that stays inside.",
              "A link in the folder would otherwise give access to any file that the program may"
                  + " read (CWE-59). /dev/zero never ends (zero(4)), so one request would occupy a"
                  + " worker forever.",
              Section14Offload::staysInItsFolder),
          timed(
              "14.18",
              "The program MUST run as many tasks at a time as it has workers, whether they read"
                  + " files or compute hashes.",
              "A lock around the hash function, or one thread for all tasks, makes a short task"
                  + " wait for a long one although a worker is free. In CPython, threads that"
                  + " compute share one interpreter lock (glossary of the Python documentation).",
              Section14Offload::runsSideBySide),
          timed(
              "14.19",
              "The program MUST begin waiting tasks in the order in which they came.",
              "In a queue that serves the last task first, the first one starves under load: each"
                  + " new task overtakes it, and its client waits without a bound. POSIX leaves the"
                  + " order to the scheduler where threads wait for a semaphore (sem_post(3p)).",
              Section14Offload::inOrderOfArrival),
          rule(
              "14.20",
              "The program MUST have all its workers and all places in its queue again, and no"
                  + " more, after tasks that failed or were refused, and after clients that left.",
              "Each path on which a task ends has to give back its permit exactly once. A permit"
                  + " that one rare path keeps is missed only when the last one is gone (CWE-772),"
                  + " and one that is given back twice lets too many tasks run.",
              Section14Offload::keepsItsCapacity),
          rule(
              "14.21",
              "The program MUST give each client the answers to its own requests, whole and in"
                  + " order, however many clients ask at the same time and leave.",
              "Workers that share a MessageDigest corrupt each other's hashes, since it is not"
                  + " thread-safe. A result that is addressed to a descriptor's number reaches the"
                  + " client that was given this number next (CWE-488).",
              Section14Offload::unmixed),
          rule(
              "14.22",
              "The program MUST wait for a file that comes slowly, and for a client that is"
                  + " silent.",
              "A FIFO's writer may pause: with O_NONBLOCK, read(2) then fails with EAGAIN, and"
                  + " returns 0 while there is no writer (fifo(7)). A program that takes this for"
                  + " the end of the file answers with a wrong hash.",
              Section14Offload::waits),
          rule(
              "14.23",
              "The program MUST NOT answer what a client has sent after its last LF.",
              "A request that is cut off can look like another, shorter one: a client that dies"
                  + " while it sends a long name would get the hash of another file. HTTP calls"
                  + " such a message incomplete as well (RFC 9112, section 8).",
              Section14Offload::unfinished),
          rule(
              "14.24",
              "The program MUST serve a thousand clients at the same time.",
              "Clients keep their connections while they have nothing to ask. A thread pool, a"
                  + " table or a select(2) set of fixed size works in every small test, and leaves"
                  + " later clients without an answer.",
              Section14Offload::crowd),
          rule(
              "14.25",
              "A client that does not read its answers MUST NOT occupy a worker.",
              "A worker that sends the answer itself waits until its client reads. As many such"
                  + " clients as there are workers then stop the service for all, as with the slow"
                  + " read attack on HTTP servers (CWE-400).",
              Section14Offload::workersDoNotSend));

  private static final String EMPTY_LINE = EMPTY + "\n";
  private static final String PONG = "pong\n";
  private static final int PINGS = 50;

  /** The event loops of a program share its clients: some ping for each. */
  private static final int PINGING_CLIENTS = 16;

  private static final int PINGS_EACH = 3;

  /** More than a client gets answered during the pings. */
  private static final int HASHES_EACH = 10;

  private static final int ROUNDS = 3;

  /** After this time the work for a client has begun. */
  private static final Duration BEGUN = Duration.ofMillis(100);

  /** For a client beside one that has been listened to for long. */
  private static final Duration NO_TIME = Duration.ofMillis(1);

  /** Clients that ask at the same time, most of which are refused. */
  private static final int CROWD = 24;

  /** Times that let the hashes of two workers overlap. */
  private static final int LONG_TIMES = 6_000;

  private static final int FAILURES = 8;
  private static final int LEAVING = 20;
  private static final int PINGS_BESIDE = 5;

  /** In one of so many rounds clients leave while their tasks run. */
  private static final int RUNNING_ROUNDS = 3;

  /** In one of so many rounds tasks are refused. */
  private static final int REFUSED_ROUNDS = 5;

  /** Longer than common limits for a reply. */
  private static final Duration LONG_TASK = Duration.ofMillis(3_500);

  private static final String SLOWLY = "a client whose file comes slowly";
  private static final String QUEUED = "a client whose task waits for a worker";

  private static final byte[] LONG_NAME =
      bytes("read %s\n".formatted("x".repeat(LineReader.MAX_BYTES - "read ".length())));

  /** Clients that connect at the same time: a program's backlog may be short. */
  private static final int BATCH = 16;

  private Section14Offload() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, OFFLOAD, Set.of(), check);
  }

  private static Rule timed(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, OFFLOAD, Set.of(), Scheduling.TIMED, check);
  }

  private static Instance program(TestContext context, Path folder)
      throws IOException, InterruptedException {
    return context.program(STANDARD.reading(folder));
  }

  private static void answers(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    List<Case> cases = new ArrayList<>(OffloadRequests.hashes(context.random()));
    List<Integer> lengths = OffloadRequests.lengths(context.random());
    List<String> names = OffloadRequests.names(context.random());
    for (int i = 0; i < names.size(); i++) {
      byte[] content = Text.noise(context.random(), lengths.get(i));
      Files.write(folder.resolve(names.get(i)), content);
      cases.add(request("read " + names.get(i), sha256(content, 1)));
    }
    cases.addFirst(OffloadRequests.hash(1, bytes("abc"), false));
    cases.addFirst(request("ping", "pong"));
    cases.add(request("ping", "pong"));
    Instance program = program(context, folder);
    Peer longest = context.connect(program);
    longest.send("hash 10000000 x\n");
    try {
      Peer client = context.connect(program);
      exchange(client, cases);
      byte[] other = Text.noise(context.random(), lengths.getFirst());
      Files.write(folder.resolve(names.getFirst()), other);
      exchange(client, List.of(request("read " + names.getFirst(), sha256(other, 1))));
      demandNoRefusal(longest);
    } finally {
      longest.reset(); // It would be computed to its end.
    }
  }

  private static Case request(String line, String answer) {
    return new Case((line + "\n").getBytes(US_ASCII), List.of(answer));
  }

  /** Sends all requests at once, and demands the answers in order. */
  private static void exchange(Peer client, List<Case> cases) throws Broken {
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    cases.forEach(it -> requests.writeBytes(it.bytes()));
    client.send(requests.toByteArray());
    for (Case each : cases) {
      demandAnswer(client, each);
    }
  }

  private static String demandAnswer(Peer client, Case request) throws Broken {
    String answer;
    try {
      answer = client.line();
    } catch (Broken e) {
      throw e.at("the answer to " + request.shown());
    }
    if (!request.answers().contains(answer)) {
      throw new Broken(
          "%s in answer to %s".formatted(String.join(" or ", request.answers()), request.shown()),
          "got " + answer);
    }
    return answer;
  }

  /** Demands that the largest number has not been refused. */
  private static void demandNoRefusal(Peer client) throws Broken {
    String answer;
    try {
      answer = client.line(NO_TIME);
    } catch (Broken _) {
      return; // It is still computed.
    }
    if (answer.startsWith("error")) {
      throw new Broken("10,000,000 to be a permitted number", "got " + answer);
    }
  }

  /** A request that is sent in two pieces: the beginning up to this position, later the rest. */
  private record Split(Case request, int position) {}

  private static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Instance program = program(context, folder);
    Peer client = context.connect(program);
    for (byte each : bytes("ping\r")) {
      client.send(new byte[] {each});
    }
    byte[] longest = bytes("x".repeat(LineReader.MAX_BYTES - "hash 3 ".length()));
    List<Split> splits =
        List.of(
            new Split(OffloadRequests.hash(2, bytes("\u00e9"), false), "hash 2 ".length() + 1),
            new Split(
                OffloadRequests.hash(1, bytes("\ud83d\ude00x"), true), "hash 1 ".length() + 2),
            new Split(OffloadRequests.hash(3, longest, false), LineReader.MAX_BYTES),
            new Split(OffloadRequests.hash(3, longest, true), LineReader.MAX_BYTES + 1),
            new Split(OffloadRequests.hash(12, bytes("x"), false), "hash 1".length()),
            new Split(request("read file", sha256(bytes("abc"), 1)), "read fi".length()),
            new Split(
                request("x".repeat(1200), OffloadRequests.TOO_LONG), LineReader.MAX_BYTES / 2));
    List<Peer> others = new ArrayList<>();
    for (Split each : splits) {
      Peer other = context.connect(program);
      other.send(each.request.bytes(), 0, each.position);
      others.add(other);
    }
    client.expectSilence(context.time(SILENCE));
    for (int i = 0; i < splits.size(); i++) {
      try {
        others.get(i).expectSilence(NO_TIME);
      } catch (Broken e) {
        throw e.at("the beginning of " + splits.get(i).request.shown());
      }
    }
    // One after the other, so that no task is refused.
    for (int i = 0; i < splits.size(); i++) {
      Split split = splits.get(i);
      byte[] whole = split.request.bytes();
      others.get(i).send(whole, split.position, whole.length - split.position);
      demandAnswer(others.get(i), split.request);
    }
    client.send("\nhash 2 a");
    client.expect(PONG);
    client.send("b\nping\n");
    client.expect(sha256(bytes("ab"), 2) + "\n" + PONG);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static void unreadable(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.createDirectory(folder.resolve("folder"));
    Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
    Files.writeString(folder.resolve("file"), "abc");
    List<String> names =
        new ArrayList<>(
            List.of(
                "missing",
                "folder",
                "loop",
                "File",
                "n".repeat(OffloadRequests.LONGEST_NAME + 1),
                "n".repeat(LineReader.MAX_BYTES - "read ".length())));
    if (makeSocket(folder.resolve("socket"))) {
      names.add("socket");
    }
    if (makeUnreadable(folder.resolve("secret"))) {
      names.add("secret");
    }
    if (Files.exists(folder.resolve("File"))) {
      names.remove("File"); // The file system ignores case.
    }
    List<Case> requests = new ArrayList<>();
    for (String each : names) {
      requests.add(request("read " + each, "error cannot read " + each));
      requests.add(request("ping", "pong"));
    }
    requests.add(request("read file", sha256(bytes("abc"), 1)));
    Peer client = context.connect(program(context, folder));
    for (Case each : requests) {
      exchange(client, List.of(each));
    }
  }

  private static boolean makeSocket(Path path) throws IOException {
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(path));
      return true;
    } catch (UnsupportedOperationException | SocketException _) {
      return false; // This system has no such sockets, or the path is too long.
    }
  }

  /** Creates a file that nobody may read; root may read it nevertheless. */
  private static boolean makeUnreadable(Path path) throws IOException {
    Files.writeString(path, "abc");
    try {
      Files.setPosixFilePermissions(path, Set.of());
    } catch (UnsupportedOperationException _) {
      return false;
    }
    return !Files.isReadable(path);
  }

  private static void refuses(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("a"), "abc");
    Instance program = program(context, folder);
    List<Case> cases = new ArrayList<>(OffloadRequests.leadingZeros());
    cases.addAll(OffloadRequests.notRequests());
    cases.addAll(OffloadRequests.tooLong());
    for (int i = 0; i < cases.size(); i += BATCH) {
      refuseAll(context, program, cases.subList(i, Math.min(i + BATCH, cases.size())));
    }
    answersBeforeItRefuses(context, program, folder);
  }

  private static void refuseAll(TestContext context, Instance program, List<Case> cases)
      throws Broken, IOException {
    List<Peer> clients = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      clients.add(context.connect(program));
    }
    for (int i = 0; i < cases.size(); i++) {
      try {
        clients.get(i).send(cases.get(i).bytes());
      } catch (Broken e) {
        throw e.at(cases.get(i).shown());
      }
    }
    for (int i = 0; i < cases.size(); i++) {
      String answer = demandAnswer(clients.get(i), cases.get(i));
      if (answer.startsWith("error")) {
        try {
          clients.get(i).expectFin();
        } catch (Broken e) {
          throw e.at("after the answer to " + cases.get(i).shown());
        }
      }
      clients.get(i).close();
    }
  }

  /** The requests before a malformed line are answered first, even if that takes long. */
  private static void answersBeforeItRefuses(TestContext context, Instance program, Path folder)
      throws Broken, IOException, InterruptedException {
    List<SlowFile> files = context.slowFiles(folder, "before", 2);
    Peer malformed = context.connect(program);
    malformed.send("read before0\nping\nnonsense\nping\n");
    Peer tooLong = context.connect(program);
    tooLong.send("read before1\nping\n" + "x".repeat(2 * LineReader.MAX_BYTES));
    for (SlowFile each : files) {
      each.expectReader();
    }
    malformed.expectSilence(context.time(SILENCE));
    tooLong.expectSilence(NO_TIME);
    for (SlowFile each : files) {
      each.release("");
    }
    malformed.expect(EMPTY_LINE + PONG + OffloadRequests.MALFORMED + "\n");
    malformed.expectFin();
    tooLong.expect(EMPTY_LINE + PONG + OffloadRequests.TOO_LONG + "\n");
    tooLong.expectFin();
  }

  private static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
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

  private static void demandAnswerOrRefusal(Peer client, String wanted) throws Broken {
    String answer = client.line();
    if (!answer.equals(wanted) && !answer.equals(BUSY)) {
      throw new Broken("%s or %s".formatted(wanted, BUSY), "got " + answer);
    }
  }

  /** Clients have finished sending while their tasks run, and others while theirs wait. */
  private static void halfClosed(TestContext context)
      throws Broken, IOException, InterruptedException {
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

  private static void othersGoOn(TestContext context)
      throws Broken, IOException, InterruptedException {
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

  private static void workers(TestContext context)
      throws Broken, IOException, InterruptedException {
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

  /** Of clients that ask at the same time, some fit into the queue; the others are refused. */
  private static void busy(TestContext context) throws Broken, IOException, InterruptedException {
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

  private static void cancels(TestContext context)
      throws Broken, IOException, InterruptedException {
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
    Burst after = fillFreedPlaces(context, clients);
    OffloadClients.release(occupied);
    for (int i = 0; i < STANDARD.queue(); i++) {
      demand(EMPTY, after.next(context.patience()));
    }
    unwanted.expectNoReader(context.time(SILENCE));
  }

  /** Lets clients ask until no more of them are refused than have to be. */
  private static Burst fillFreedPlaces(TestContext context, OffloadClients clients)
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
            "the places of clients that are gone to be free", "new tasks are still refused");
      }
    }
  }

  /** If the work continued, no worker would be left after the first of these rounds. */
  private static void givesWorkersBack(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    beginsNothingMore(context, clients);
    for (int i = 0; i < ROUNDS; i++) {
      for (Occupant each : clients.occupyWorkersSoon("after a client left")) {
        each.client().reset();
      }
      demandAnswer(context, program, "reading a FIFO");
    }
    for (int i = 0; i < ROUNDS; i++) {
      // A program may end a read by opening the FIFO to write: that must not end the next round's.
      context.fifo(folder, "fifo" + i);
      leaveAtWork(context, program, "read fifo%d\n".formatted(i));
      demandAnswer(context, program, "reading a FIFO that nobody writes to");
    }
    LongHash hash = LongHash.measured(context, context.connect(program));
    String lost = "a hash that takes %,d ms".formatted(hash.took().toMillis());
    long[] waited = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      leaveAtWork(context, program, hash.request());
      long gone = System.nanoTime();
      demandAnswer(context, program, lost);
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

  private static void demandAnswer(TestContext context, Instance program, String lost)
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

  private static void staysInItsFolder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path parent = context.folder();
    Path folder = Files.createDirectory(parent.resolve("files"));
    Path outside = Files.createDirectory(parent.resolve("files-of-others"));
    Files.writeString(outside.resolve("secret"), "abc");
    Files.writeString(parent.resolve("above"), "abc");
    Files.writeString(folder.resolve("own"), "abc");
    Map<String, Path> links =
        Map.of(
            "link", outside.resolve("secret"),
            "relative", Path.of("../files-of-others/secret"),
            "chain", folder.resolve("link"),
            "up", Path.of("../above"),
            "elsewhere", outside,
            "zero", Path.of("/dev/zero"),
            "null", Path.of("/dev/null"),
            "nowhere", folder.resolve("missing"));
    for (Map.Entry<String, Path> each : links.entrySet()) {
      Files.createSymbolicLink(folder.resolve(each.getKey()), each.getValue());
    }
    Files.createSymbolicLink(folder.resolve("inside"), Path.of("own"));
    List<String> forbidden = new ArrayList<>(new TreeSet<>(links.keySet()));
    if (makeDevice(folder.resolve("device"))) {
      forbidden.add("device");
    }
    Instance program = program(context, folder);
    for (String name : forbidden) {
      Peer client = context.connect(program);
      exchange(client, List.of(request("read " + name, "error cannot read " + name)));
      client.close();
    }
    exchange(context.connect(program), List.of(request("read inside", sha256(bytes("abc"), 1))));
  }

  /** Makes a device that never ends; only root can do so, and only in some containers. */
  private static boolean makeDevice(Path path) throws InterruptedException {
    try {
      Process mknod =
          new ProcessBuilder("mknod", path.toString(), "c", "1", "5")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return mknod.waitFor() == 0;
    } catch (IOException _) {
      return false; // There is no mknod.
    }
  }

  private static void runsSideBySide(TestContext context)
      throws Broken, IOException, InterruptedException {
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
    busy.pause(BEGUN);
    long[] nanos = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
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

  private static void inOrderOfArrival(TestContext context)
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
  }

  private static void keepsItsCapacity(TestContext context)
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

  private static void unmixed(TestContext context)
      throws Broken, IOException, InterruptedException {
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

  private static void waits(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    Occupant slow = clients.occupyWorker();
    long start = System.nanoTime();
    slow.file().begin("a");
    slow.client().finishSending();
    context.fifo(folder, "lonely");
    Peer lonely = context.connect(program);
    lonely.send("read lonely\n");
    lonely.expectSilence(BEGUN);
    List<Occupant> others = new ArrayList<>();
    for (int i = 2; i < STANDARD.workers(); i++) {
      others.add(clients.occupyWorker());
    }
    Peer queued = context.connect(program);
    queued.send(SHORT);
    Peer silent = context.connect(program);
    Peer begun = context.connect(program);
    begun.send("pi");
    silent.expectSilence(context.time(IDLE));
    demandWaits(slow.client(), SLOWLY);
    demandWaits(lonely, "a client whose FIFO nobody writes to");
    demandWaits(begun, "a client that has sent half a request");
    slow.file().begin("b");
    demandWaits(slow.client(), SLOWLY);
    silent.send("ping\n");
    silent.expect(PONG);
    begun.send("ng\n");
    begun.expect(PONG);
    Duration left = LONG_TASK.minusNanos(System.nanoTime() - start);
    if (left.isPositive()) {
      try {
        slow.client().expectSilence(left);
      } catch (Broken e) {
        throw e.at(SLOWLY);
      }
    }
    slow.file().release("c");
    demandAfterLong(SLOWLY, slow.client(), sha256(bytes("abc"), 1));
    slow.client().expectFin();
    demandAfterLong(QUEUED, queued, EMPTY);
    OffloadClients.release(others);
    lonely.reset();
  }

  private static void demandAfterLong(String which, Peer client, String answer) throws Broken {
    try {
      client.expect(answer + "\n");
    } catch (Broken e) {
      throw e.at("%s for %,d ms".formatted(which, LONG_TASK.toMillis()));
    }
  }

  private static void demandWaits(Peer client, String which) throws Broken {
    try {
      client.expectSilence(NO_TIME);
    } catch (Broken e) {
      throw e.at(which);
    }
  }

  private static void unfinished(TestContext context)
      throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Instance program = program(context, folder);
    List<String> inputs =
        List.of("ping", "hash 1 x", "hash 1 x\r", "read file", "nonsense", "", "ping\nping");
    List<Peer> clients = new ArrayList<>();
    for (String each : inputs) {
      Peer client = context.connect(program);
      client.send(each);
      client.finishSending();
      clients.add(client);
    }
    for (int i = 0; i < inputs.size(); i++) {
      try {
        if (inputs.get(i).contains("\n")) {
          clients.get(i).expect(PONG);
        }
        clients.get(i).expectFin();
      } catch (Broken e) {
        throw e.at("%s and FIN, without LF".formatted(request(inputs.get(i), "").shown()));
      }
    }
  }

  private static void crowd(TestContext context) throws Broken, IOException, InterruptedException {
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

  private static void pipelined(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    int count = context.count(PIPELINED);
    byte[] requests = bytes("ping\n".repeat(count));
    byte[] answers = bytes(PONG.repeat(count));
    Peer client = context.connect(program);
    client.exchange(requests, answers);
    Peer late = context.connect(program);
    late.send(requests); // Its answers fit into the kernel's buffers, too.
    late.finishSending();
    client.exchange(requests, answers);
    late.expect(answers);
    late.expectFin();
  }

  private static void backPressure(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    for (Peer.BytePattern requests :
        List.<Peer.BytePattern>of(Section14Offload::pings, Section14Offload::longNames)) {
      Peer client = context.connectWithWindow(program, 64 * 1024);
      HeldBytes.demandFew(
          "a program", client, client, requests, ProgramConfig.RELAY_BYTES, 2 * Kernel.buffers());
    }
    Peer other = context.connect(program);
    other.send("ping\n");
    other.expect("pong\n");
  }

  private static void pings(TestContext context) throws Broken, IOException, InterruptedException {
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
      for (int i = 0; i < PINGS_EACH; i++) {
        long before = System.nanoTime();
        client.send("ping\n");
        client.expect(PONG);
        fastest = Math.min(fastest, System.nanoTime() - before);
      }
      if (fastest > context.time(PING).toNanos()) {
        throw new Broken(
            "a pong while %s for others within %d ms, for each of %d clients once in %d tries"
                .formatted(when, context.time(PING).toMillis(), clients.size(), PINGS_EACH),
            "for one the fastest took %.1f ms".formatted(fastest / 1e6));
      }
    }
  }

  private static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Instance program = program(context, folder);
    context.connect(program);
    Peer stuck = context.connectWithWindow(program, 64 * 1024);
    stuck.sendUntilFull(Section14Offload::longNames, 2 * Kernel.buffers());
    context.fifo(folder, "lonely");
    OffloadClients clients = new OffloadClients(context, program, folder);
    clients.occupyWorkersSoon("after a client left").getFirst().client().reset();
    for (int i = 0; i < STANDARD.queue(); i++) {
      context.connect(program).send("read lonely\n");
    }
    Shutdown.demand(context, program);
  }

  private static boolean isRefused(Peer client, Case task) throws Broken {
    client.send(task.bytes());
    return demandAnswer(client, task).equals(BUSY);
  }

  private static void workersDoNotSend(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context, context.folder());
    Peer one = context.connectWithWindow(program, 64 * 1024);
    Peer two = context.connectWithWindow(program, 64 * 1024);
    one.whileSending(
        () -> one.sendUntilFull(Section14Offload::longNames, 2 * Kernel.buffers()),
        () -> two.sendUntilFull(Section14Offload::longNames, 2 * Kernel.buffers()));
    Peer other = context.connect(program);
    long deadline = System.nanoTime() + context.patience().toNanos();
    Case task = new Case(bytes("hash 2 x\n"), List.of(sha256(bytes("x"), 2), BUSY));
    try {
      // Tasks of the two may still be processed, so this one may be refused at first.
      while (isRefused(other, task)) {
        if (System.nanoTime() - deadline > 0) {
          throw new Broken("a free worker", "tasks are refused");
        }
      }
    } catch (Broken e) {
      throw e.at("while two other clients do not read their answers");
    }
    one.reset();
    two.reset();
  }

  /** An endless stream of requests that are answered with lines of about the same length. */
  private static void longNames(byte[] into, int length, long position) {
    for (int i = 0; i < length; i++) {
      into[i] = LONG_NAME[(int) ((position + i) % LONG_NAME.length)];
    }
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
    Files.createDirectory(folder.resolve("folder"));
    Instance program = program(context, folder);
    OffloadClients clients = new OffloadClients(context, program, folder);
    int times = context.count(CLOSES) / 4;
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
        threads + times / 2,
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
