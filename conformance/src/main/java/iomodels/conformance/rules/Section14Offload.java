package iomodels.conformance.rules;

import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.rules.OffloadClients.BUSY;
import static iomodels.conformance.rules.OffloadClients.EMPTY;
import static iomodels.conformance.rules.OffloadClients.STANDARD;
import static iomodels.program.Programs.OFFLOAD;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.rules.OffloadRequests.Case;
import iomodels.conformance.targets.Instance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

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
              OffloadLines::answers),
          rule(
              "14.02",
              "The program MUST accept a request in any pieces, with or without a CR before"
                  + " its LF.",
              "TCP does not keep message boundaries (RFC 9293), so a read may return half of"
                  + " a request or two of them. Clients such as telnet end a line with CR LF, and"
                  + " the CR would change the hash.",
              OffloadLines::pieces),
          rule(
              "14.03",
              "If a file cannot be read, the program MUST answer with an error line, and keep the"
                  + " connection usable.",
              "A name may be that of no file, or of a folder (open(2), ENOENT; read(2), EISDIR)."
                  + " One wrong name should not leave the client without an answer, or cost it the"
                  + " connection.",
              OffloadFiles::unreadable),
          rule(
              "14.04",
              "The program MUST answer a line that is not a request with an error line, and"
                  + " then close the connection.",
              "Requests come from the network: a name like ../etc/passwd must not reach the"
                  + " file system (CWE-22), and a count without a limit lets one line occupy a"
                  + " worker forever (CWE-400).",
              OffloadLines::refuses),
          rule(
              "14.05",
              "The program MUST answer a client's requests in order, one at a time.",
              "A client matches pipelined answers to its requests by their order (RFC 9112, section"
                  + " 9.3.2). If its requests ran side by side, a short one would overtake a long"
                  + " one, and one client could occupy all workers.",
              OffloadTasks::inTurn),
          rule(
              "14.06",
              "The program MUST answer a client that has finished sending.",
              "A script that pipes its requests into nc -N sends FIN right after them. FIN"
                  + " ends one direction only (RFC 9293, section 3.6.1); a program that cancels the"
                  + " work at FIN never answers the script.",
              OffloadTasks::halfClosed),
          rule(
              "14.07",
              "The program MUST answer other clients while all workers are busy.",
              "A task that blocks or computes on an event loop stops all connections of that"
                  + " loop. Not to block the event loop is the golden rule of the Vert.x"
                  + " documentation, and Node.js has a guide of its own about it.",
              OffloadTasks::othersGoOn),
          rule(
              "14.08",
              "The program MUST NOT run more tasks at a time than it has workers.",
              "With a thread for each task, the clients decide how much memory and processor"
                  + " time the program takes. Tasks beyond the number of cores only slow each other"
                  + " down.",
              OffloadTasks::workers),
          timed(
              "14.09",
              "If no place in the queue is free, the program MUST refuse a task with an error"
                  + " line, at once.",
              "An unbounded queue turns overload into growing delay, and then into a lack of"
                  + " memory, as the Javadoc of ThreadPoolExecutor warns. A client that is refused"
                  + " at once can go elsewhere, as with HTTP's 503 (RFC 9110, section 15.6.4).",
              OffloadLimits::busy),
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
              OffloadLimits::cancels),
          rule(
              "14.11",
              "The program MUST answer many pings that arrive at once.",
              "One read may return thousands of pipelined requests. A program that handles"
                  + " one request per read leaves the others unanswered, and one that recurses for"
                  + " each overflows the stack.",
              OffloadLines::pipelined),
          rule(
              "14.12",
              "The program MUST stop reading from a client that does not read its answers.",
              "Otherwise the answers accumulate in memory. The \"Ping Flood\" attack on"
                  + " HTTP/2 servers did just that (CVE-2019-9512).",
              OffloadLimits::backPressure),
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
              OffloadTasks::pings),
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
              OffloadLeaving::leavesNothing),
          rule("14.15", Shutdown.SENTENCE, Shutdown.WHY, OffloadLeaving::ends),
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
              OffloadLeaving::givesWorkersBack),
          rule(
              "14.17",
              "The program MUST NOT read a device, nor follow a link that leads outside its"
                  + " folder; it MUST answer such a request with an error line. It MUST follow a"
                  + " link that stays inside.",
              "A link in the folder would otherwise give access to any file that the program may"
                  + " read (CWE-59). /dev/zero never ends (zero(4)), so one request would occupy a"
                  + " worker forever.",
              OffloadFiles::staysInItsFolder),
          timed(
              "14.18",
              "The program MUST run as many tasks at a time as it has workers, whether they read"
                  + " files or compute hashes.",
              "A lock around the hash function, or one thread for all tasks, makes a short task"
                  + " wait for a long one although a worker is free. In CPython, threads that"
                  + " compute share one interpreter lock (glossary of the Python documentation).",
              OffloadTasks::runsSideBySide),
          timed(
              "14.19",
              "The program MUST begin waiting tasks in the order in which they came.",
              "In a queue that serves the last task first, the first one starves under load: each"
                  + " new task overtakes it, and its client waits without a bound. POSIX leaves the"
                  + " order to the scheduler where threads wait for a semaphore (sem_post(3p)).",
              OffloadTasks::inOrderOfArrival),
          rule(
              "14.20",
              "The program MUST have all its workers and all places in its queue again, and no"
                  + " more, after tasks that failed or were refused, and after clients that left.",
              "Each path on which a task ends has to give back its permit exactly once. A permit"
                  + " that one rare path keeps is missed only when the last one is gone (CWE-772),"
                  + " and one that is given back twice lets too many tasks run.",
              OffloadLimits::keepsItsCapacity),
          rule(
              "14.21",
              "The program MUST give each client the answers to its own requests, whole and in"
                  + " order, however many clients ask at the same time and leave.",
              "Workers that share a MessageDigest corrupt each other's hashes, since it is not"
                  + " thread-safe. A result that is addressed to a descriptor's number reaches the"
                  + " client that was given this number next (CWE-488).",
              OffloadTasks::unmixed),
          waiting(
              "14.22",
              "The program MUST wait for a file that comes slowly, and for a client that is"
                  + " silent.",
              "A FIFO's writer may pause: with O_NONBLOCK, read(2) then fails with EAGAIN, and"
                  + " returns 0 while there is no writer (fifo(7)). A program that takes this for"
                  + " the end of the file answers with a wrong hash.",
              OffloadFiles::waits),
          rule(
              "14.23",
              "The program MUST NOT answer what a client has sent after its last LF.",
              "A request that is cut off can look like another, shorter one: a client that dies"
                  + " while it sends a long name would get the hash of another file. HTTP calls"
                  + " such a message incomplete as well (RFC 9112, section 8).",
              OffloadLines::unfinished),
          rule(
              "14.24",
              "The program MUST serve a thousand clients at the same time.",
              "Clients keep their connections while they have nothing to ask. A thread pool, a"
                  + " table or a select(2) set of fixed size works in every small test, and leaves"
                  + " later clients without an answer.",
              OffloadLimits::crowd),
          rule(
              "14.25",
              "A client that does not read its answers MUST NOT occupy a worker.",
              "A worker that sends the answer itself waits until its client reads. As many such"
                  + " clients as there are workers then stop the service for all, as with the slow"
                  + " read attack on HTTP servers (CWE-400).",
              OffloadLimits::workersDoNotSend));

  static final String EMPTY_LINE = EMPTY + "\n";
  static final String PONG = "pong\n";
  static final int ROUNDS = 3;

  /** After this time the work for a client has begun. */
  static final Duration BEGUN = Duration.ofMillis(100);

  /** For a client beside one that has been listened to for long. */
  static final Duration NO_TIME = Duration.ofMillis(1);

  /** The receive buffer of a client that does not read its answers. */
  static final int WINDOW = 64 * 1024;

  /** Clients that connect at the same time: a program's backlog may be short. */
  static final int BATCH = 16;

  private Section14Offload() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, OFFLOAD, Set.of(), check);
  }

  private static Rule waiting(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, OFFLOAD, Set.of(), Scheduling.WAITING, check);
  }

  private static Rule timed(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, OFFLOAD, Set.of(), Scheduling.TIMED, check);
  }

  static Instance program(TestContext context, Path folder)
      throws IOException, InterruptedException {
    return context.program(STANDARD.reading(folder));
  }

  static Case request(String line, String answer) {
    return new Case((line + "\n").getBytes(US_ASCII), List.of(answer));
  }

  /** Sends all requests at once, and demands the answers in order. */
  static void exchange(Peer client, List<Case> cases) throws Broken {
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    cases.forEach(it -> requests.writeBytes(it.bytes()));
    client.send(requests.toByteArray());
    for (Case each : cases) {
      demandAnswer(client, each);
    }
  }

  static String demandAnswer(Peer client, Case request) throws Broken {
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

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  static void demandAnswerOrRefusal(Peer client, String wanted) throws Broken {
    String answer = client.line();
    if (!answer.equals(wanted) && !answer.equals(BUSY)) {
      throw new Broken("%s or %s".formatted(wanted, BUSY), "got " + answer);
    }
  }
}
