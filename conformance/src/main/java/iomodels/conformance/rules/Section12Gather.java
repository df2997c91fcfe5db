package iomodels.conformance.rules;

import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.GATHER;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Section 12: scatter-gather. The kit plays the client and the backends. */
final class Section12Gather {

  static final List<Rule> ALL =
      List.of(
          rule(
              "12.01",
              "The program MUST ask all backends at the same time, and answer in their order.",
              "If the backends are asked one after another, their delays add up; if they are"
                  + " asked together, the slowest one determines the delay. A client tells the"
                  + " answers apart by their order alone.",
              GatherAnswers::answersInOrder),
          rule(
              "12.02",
              "The program MUST accept a request, and the answer of a backend, in any pieces, with"
                  + " or without a CR before its LF.",
              "TCP does not keep message boundaries (RFC 9293), so a read may return half of"
                  + " a request or two of them. Clients such as telnet end a line with CR LF, and"
                  + " the CR must not become a part of the question.",
              GatherPieces::pieces),
          rule(
              "12.03",
              "The program MUST answer \"failed\" for each backend that has failed, however"
                  + " it has failed.",
              "A backend may refuse, reset, send an error, or stop in the middle of a line,"
                  + " which BufferedReader.readLine returns like a complete one. The client can use"
                  + " the good answers only if it is told which ones are missing.",
              GatherAnswers::failed),
          timed(
              "12.04",
              "At the deadline, the program MUST answer \"late\" for each backend that has"
                  + " not answered, and close the connection to it.",
              "Without a deadline the slowest backend decides whether the client is answered"
                  + " at all; gRPC's guide on deadlines recommends always setting one. A call that"
                  + " is left open holds a descriptor, and its backend works for nobody.",
              GatherDeadlines::late),
          rule(
              "12.05",
              "The program MUST answer a \"first\" request with the first good answer.",
              "The fastest result is often a failure, since refusing takes less time than"
                  + " answering. Happy Eyeballs uses the first connection attempt that succeeds for"
                  + " the same reason (RFC 8305, section 5).",
              GatherFirst::firstGood),
          rule(
              "12.06",
              "When the first good answer to a \"first\" request has arrived, the program MUST"
                  + " close the connections to the other backends.",
              "Otherwise each request costs the work of all backends to the end. Happy"
                  + " Eyeballs cancels the other attempts as well (RFC 8305, section 5).",
              GatherFirst::closesOthers),
          rule(
              "12.07",
              "If all backends fail a \"first\" request, the program MUST ask them once more,"
                  + " after a pause of 100 ms.",
              "Many failures are brief, such as those during a restart. A retry without a"
                  + " pause meets the same failure, and many of them at once keep an overloaded"
                  + " backend down (Site Reliability Engineering, chapter 22).",
              GatherFirst::retries),
          rule(
              "12.08",
              "If all backends fail a \"first\" request twice, the program MUST answer \"failed\""
                  + " and MUST NOT ask again.",
              "Unlimited retries multiply the load just when the backends are overloaded"
                  + " (Site Reliability Engineering, chapter 22), and the client never learns the"
                  + " outcome.",
              GatherFirst::givesUp),
          timed(
              "12.09",
              "If no backend has given a good answer by the deadline, the program MUST answer"
                  + " a \"first\" request with \"late\".",
              "After \"failed\" a client knows that nobody is working on its request; after"
                  + " \"late\" it does not, and a repeated order may be carried out twice. HTTP has"
                  + " two status codes for this: 502 and 504 (RFC 9110, sections 15.6.3 and"
                  + " 15.6.5).",
              GatherDeadlines::firstLate),
          rule(
              "12.10",
              "When a client is gone, the program MUST close all connections that it opened"
                  + " for that client.",
              "A user who reloads a page would otherwise multiply the load on the backends"
                  + " for nothing. Go's net/http cancels a request's context for this reason when"
                  + " the client's connection closes.",
              GatherLeaving::cancels),
          rule(
              "12.11",
              "The program MUST answer a client's requests in order, one at a time.",
              "A client matches pipelined answers to its requests by their order (RFC 9112,"
                  + " section 9.3.2). One request at a time also limits the connections that one"
                  + " client can cause.",
              GatherConversations::inTurn),
          rule(
              "12.12",
              "The program MUST answer a client that has finished sending.",
              "A script that pipes its request into nc -N sends FIN right after it. FIN ends"
                  + " one direction only (RFC 9293, section 3.6.1); a program that takes it for the"
                  + " end of the conversation never answers the script.",
              GatherConversations::halfClosed),
          rule(
              "12.13",
              "The program MUST answer other clients while one client waits.",
              "If clients wait for each other, one slow backend stops the service for all of"
                  + " them.",
              GatherClients::othersGoOn),
          rule(
              "12.14",
              "The program MUST answer a line that is not a request with an error line, and"
                  + " then close the connection.",
              "After a malformed line, the two sides may disagree about where the next"
                  + " request begins, which is how HTTP request smuggling works (CWE-444); HTTP"
                  + " servers should respond with 400 and close (RFC 9112, section 2.2). The error"
                  + " line tells the user what was wrong.",
              GatherLines::refuses),
          new Rule(
              "12.15",
              MUST,
              "The program MUST leave nothing open, however a request ends.",
              "A request ends with an answer, at the deadline, or when its client leaves. If"
                  + " one of these paths forgets a connection or a timer, each such request leaks"
                  + " it, until accept(2) fails with EMFILE.",
              GATHER,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              GatherEndings::leavesNothing),
          rule("12.16", Shutdown.SENTENCE, Shutdown.WHY, GatherConversations::ends),
          new Rule(
              "12.17",
              MUST,
              "At the deadline, and when its client is gone, the program MUST close a"
                  + " connection that is still being established.",
              "By default Linux tries to connect for about 127 seconds (tcp_syn_retries,"
                  + " tcp(7)). Calls to an unreachable backend that outlive their requests"
                  + " accumulate, and each holds a descriptor.",
              GATHER,
              Set.of(),
              GatherConnecting::stopsConnecting),
          rule(
              "12.18",
              "The program MUST NOT send a part of the answer to an \"all\" request before the"
                  + " results of all backends are known.",
              "A part of an answer looks like the answer of fewer backends, and a client that"
                  + " reads what has arrived takes it for the whole. A part that was sent cannot be"
                  + " taken back: HTTP needs a length or chunks so that an incomplete message is"
                  + " recognised (RFC 9112, section 8).",
              GatherAnswers::answersAtOnce),
          rule(
              "12.19",
              "The program MUST pass on the text of a request and the answer of a backend"
                  + " unchanged; only malformed UTF-8 may be replaced by U+FFFD.",
              "Libraries trim blanks, split lines at more than LF, as Python's str.splitlines"
                  + " does at U+2028 and at a form feed, or decode each read by itself, which may"
                  + " end within a character. The backend is then asked something else than what"
                  + " the client wants to know.",
              GatherLines::passesOn),
          rule(
              "12.20",
              "The program MUST accept a line of 1,024 bytes, from a client and from a backend; a"
                  + " longer request is answered with \"error line too long\", and a longer answer"
                  + " has failed.",
              "Without a limit one peer can exhaust the memory (CWE-770). A limit that is off by"
                  + " one (CWE-193), or that counts characters instead of bytes, refuses what the"
                  + " other side may send, or accepts what the next one refuses.",
              GatherLimits::limits),
          rule(
              "12.21",
              "The program MUST NOT take a line without its LF for a request when the client has"
                  + " finished sending.",
              "When a client is interrupted, its system sends FIN after half of a request, which"
                  + " may be valid and mean something else. HTTP servers do not process a request"
                  + " that is cut off, either (RFC 9112, section 8).",
              GatherLines::unfinished),
          rule(
              "12.22",
              "The program MUST NOT ask a backend for a client that is gone, nor for a request"
                  + " that has been answered, not even when the pause before a retry ends.",
              "The timer of a retry is pending just when all backends fail. If it outlives its"
                  + " request, the backends get work for nobody, at the worst moment; Site"
                  + " Reliability Engineering, chapter 22, recommends propagating cancellation.",
              GatherDeadlines::asksForNobody),
          rule(
              "12.23",
              "The program MUST give each client the answers to its own request, however many"
                  + " clients ask at the same time.",
              "State that requests share by accident, and pools that are too small, show only"
                  + " with a crowd. A cancelled command left its reply on a pooled connection of"
                  + " redis-py, and the next user received it (redis/redis-py#2624).",
              GatherClients::manyAsk),
          rule(
              "12.24",
              "The program MUST continue to serve when clients and backends reset, at whatever"
                  + " moment.",
              "A write to a connection that has been reset fails with EPIPE and raises SIGPIPE,"
                  + " which by default kills the process and with it every other client's request"
                  + " (Stevens, UNP vol. 1, section 5.13).",
              GatherEndings::survivesResets),
          new Rule(
              "12.25",
              MUST,
              "Before the deadline, the program MUST NOT end a call or a conversation because"
                  + " nothing is sent.",
              "Libraries and frameworks have time limits of their own, for connecting, reading"
                  + " and idle connections. The deadline of a request is set for its client's sake;"
                  + " a shorter limit that nobody has set turns a slow answer into a failure.",
              GATHER,
              Set.of(),
              Scheduling.WAITING,
              GatherConversations::staysInSilence),
          rule(
              "12.26",
              "The program MUST NOT start as its own backend.",
              "The text of a request can be a request, and the program then asks itself: a line of"
                  + " 1,024 bytes can do so 250 times, and hold as many connections. HTTP's"
                  + " intermediaries must not forward a request to themselves, either (RFC 9110,"
                  + " section 7.6).",
              OwnUpstream::demandRefused));

  /** A deadline that is not reached during a test. */
  static final Duration NEVER = Duration.ofMinutes(10);

  private Section12Gather() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, GATHER, Set.of(), check);
  }

  /** Creates a timed rule: a pause of the machine as long as the deadline would break it. */
  private static Rule timed(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, GATHER, Set.of(), Scheduling.TIMED, check);
  }

  /** Starts the program with this deadline. */
  static Instance program(TestContext context, Duration deadline, Backend... backends)
      throws IOException, InterruptedException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (Backend each : backends) {
      addresses.add(each.address());
    }
    return context.program(ProgramConfig.onLoopback(addresses).within(deadline));
  }

  /** Accepts a connection, and receives the question on it. */
  static Peer asked(Backend backend, String question) throws Broken, IOException {
    Peer peer = backend.accept();
    peer.expect(question + "\n");
    return peer;
  }

  /** Sends a request, and lets each backend give this answer. */
  static void answerAll(Peer client, List<Backend> backends, String request, String answer)
      throws Broken, IOException {
    client.send(request);
    answerEach(backends, request.substring(request.indexOf(' ') + 1).strip(), answer);
  }

  /** Lets each backend give this answer. */
  static void answerEach(List<Backend> backends, String question, String answer)
      throws Broken, IOException {
    for (Backend each : backends) {
      try (Peer call = asked(each, question)) {
        call.send(answer);
      }
    }
  }
}
