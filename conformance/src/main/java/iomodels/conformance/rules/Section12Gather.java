package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.GATHER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

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
              Section12Gather::answersInOrder),
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
              Section12Gather::failed),
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
              Section12Gather::firstGood),
          rule(
              "12.06",
              "When the first good answer to a \"first\" request has arrived, the program MUST"
                  + " close the connections to the other backends.",
              "Otherwise each request costs the work of all backends to the end. Happy"
                  + " Eyeballs cancels the other attempts as well (RFC 8305, section 5).",
              Section12Gather::closesOthers),
          rule(
              "12.07",
              "If all backends fail a \"first\" request, the program MUST ask them once more,"
                  + " after a pause of 100 ms.",
              "Many failures are brief, such as those during a restart. A retry without a"
                  + " pause meets the same failure, and many of them at once keep an overloaded"
                  + " backend down (Site Reliability Engineering, chapter 22).",
              Section12Gather::retries),
          rule(
              "12.08",
              "If all backends fail a \"first\" request twice, the program MUST answer \"failed\""
                  + " and MUST NOT ask again.",
              "Unlimited retries multiply the load just when the backends are overloaded"
                  + " (Site Reliability Engineering, chapter 22), and the client never learns the"
                  + " outcome.",
              Section12Gather::givesUp),
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
              Section12Gather::inTurn),
          rule(
              "12.12",
              "The program MUST answer a client that has finished sending.",
              "A script that pipes its request into nc -N sends FIN right after it. FIN ends"
                  + " one direction only (RFC 9293, section 3.6.1); a program that takes it for the"
                  + " end of the conversation never answers the script.",
              Section12Gather::halfClosed),
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
              GatherClients::leavesNothing),
          rule("12.16", Shutdown.SENTENCE, Shutdown.WHY, Section12Gather::ends),
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
              Section12Gather::stopsConnecting),
          rule(
              "12.18",
              "The program MUST NOT send a part of the answer to an \"all\" request before the"
                  + " results of all backends are known.",
              "A part of an answer looks like the answer of fewer backends, and a client that"
                  + " reads what has arrived takes it for the whole. A part that was sent cannot be"
                  + " taken back: HTTP needs a length or chunks so that an incomplete message is"
                  + " recognised (RFC 9112, section 8).",
              Section12Gather::answersAtOnce),
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
              GatherClients::survivesResets),
          rule(
              "12.25",
              "Before the deadline, the program MUST NOT end a call or a conversation because"
                  + " nothing is sent.",
              "Libraries and frameworks have time limits of their own, for connecting, reading"
                  + " and idle connections. The deadline of a request is set for its client's sake;"
                  + " a shorter limit that nobody has set turns a slow answer into a failure.",
              Section12Gather::staysInSilence));

  /** A deadline that is not reached during a test. */
  static final Duration NEVER = Duration.ofMinutes(10);

  private static final int MANY = 1_000;
  private static final int REPEATED = 20;

  /** A program that asks one backend after the other, with a delay, takes longer each time. */
  private static final Duration AT_ONCE = Duration.ofMillis(40);

  /** In parts of the pause, how long it may take; and how many of them the kit tries. */
  private static final int LONGEST_PAUSE = 4;

  private static final int PAUSES = 6;

  /** Ways in which a backend fails that has accepted the call. */
  private static final int FAILING = 5;

  /** Deadlines that end at the moment at which the backend answers. */
  private static final int CLOSE_CALLS = 20;

  private static final Duration SHORT = Duration.ofMillis(20);

  /** How much longer than {@link iomodels.conformance.Bound#IDLE} the kit keeps silent. */
  private static final int LONG = 3;

  private static final long POLL_INTERVAL_MILLIS = 20;

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

  private static void answersInOrder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Backend third = context.backend();
    Peer client = context.connect(program(context, NEVER, first, second, third));
    client.send("all tea?\n");
    try (Peer one = asked(first, "tea?");
        Peer two = asked(second, "tea?");
        Peer three = asked(third, "tea?")) {
      three.send("three\n");
      two.send("two\r\n");
      client.expectSilence(context.time(SILENCE));
      one.send("one\n");
      client.expect("ok one\nok two\nok three\n");
      one.expectEnd(context.time(CLOSE));
    }
    // The same question again, for which the backends have other answers by now.
    client.send("all tea?\n");
    try (Peer one = asked(first, "tea?");
        Peer two = asked(second, "tea?");
        Peer three = asked(third, "tea?")) {
      one.send("1\n");
      two.send("2\n");
      three.send("3\n");
      client.expect("ok 1\nok 2\nok 3\n");
    } catch (Broken e) {
      throw e.at("the same question again");
    }
  }

  private static void answersAtOnce(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Backend third = context.backend();
    Peer client = context.connect(program(context, NEVER, first, second, third));
    client.send("all tea\n");
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea");
        Peer three = asked(third, "tea")) {
      one.send("one\n");
      two.send("error no tea\n");
      client.expectSilence(context.time(SILENCE));
      three.send("three\n");
      client.expect("ok one\nfailed\nok three\n");
    }
  }

  private static void failed(TestContext context) throws Broken, IOException, InterruptedException {
    List<Backend> listening = new ArrayList<>();
    for (int i = 0; i < FAILING; i++) {
      listening.add(context.backend());
    }
    Backend last = context.backend();
    List<Backend> all = new ArrayList<>(listening);
    all.addFirst(context.refusingBackend());
    all.add(last);
    Peer client = context.connect(program(context, NEVER, all.toArray(Backend[]::new)));
    client.send("all tea\n");
    asked(listening.get(0), "tea").reset();
    try (Peer ends = asked(listening.get(1), "tea");
        Peer admits = asked(listening.get(2), "tea");
        Peer babbles = asked(listening.get(3), "tea");
        Peer endsAtOnce = asked(listening.get(4), "tea");
        Peer good = asked(last, "tea")) {
      ends.send("half of an ans");
      ends.finishSending();
      admits.send("error no tea\n");
      babbles.send("x".repeat(LineReader.MAX_BYTES + 2));
      endsAtOnce.finishSending();
      good.send("ok\n");
      client.expect("failed\n".repeat(1 + FAILING) + "ok ok\n");
      babbles.expectEnd(context.time(CLOSE));
    }
    listening.add(last);
    try {
      answerAll(client, listening, "all again\n", "here\n");
      client.expect("failed\n" + "ok here\n".repeat(listening.size()));
    } catch (Broken e) {
      throw e.at("the request after one in which backends have failed");
    }
    answerAll(client, listening, "all none\n", "error none\n");
    try {
      last.expectNobody(context.time(SILENCE));
      client.expect("failed\n".repeat(1 + listening.size()));
    } catch (Broken e) {
      throw e.at("after an \"all\" request that all backends have failed");
    }
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

  /** Checks a lower bound only: on a busy machine everything is later, never earlier. */
  private static void demandAtLeast(Duration time, long since, String what) throws Broken {
    long nanos = System.nanoTime() - since;
    if (nanos < time.toNanos()) {
      throw new Broken(
          "%s of %,d ms".formatted(what, time.toMillis()),
          "it came after %,.1f ms".formatted(nanos / 1e6));
    }
  }

  private static void firstGood(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Peer client =
        context.connect(program(context, NEVER, first, second, context.refusingBackend()));
    client.send("first tea\n");
    try (Peer slow = asked(first, "tea");
        Peer bad = asked(second, "tea")) {
      bad.send("error no tea\n");
      client.expectSilence(context.time(SILENCE));
      try {
        second.expectNobody(Duration.ofMillis(1)); // It would have been asked during the silence.
      } catch (Broken e) {
        throw e.at("while another backend has not answered");
      }
      slow.send("here\n");
      client.expect("ok here\n");
    }
  }

  private static void closesOthers(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Backend third = context.backend();
    Peer client = context.connect(program(context, NEVER, first, second, third));
    client.send("first tea\n");
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea");
        Peer three = asked(third, "tea")) {
      two.send("here\n");
      client.expect("ok here\n");
      one.expectEnd(context.time(CLOSE));
      three.expectEnd(context.time(CLOSE));
    }
    asksAtOnce(client, List.of(first, second, third));
    client.send("first retry\n");
    for (Backend each : List.of(first, second, third)) {
      try (Peer call = asked(each, "retry")) {
        call.send("error not yet\n");
      }
    }
    try (Peer one = asked(first, "retry");
        Peer two = asked(second, "retry");
        Peer three = asked(third, "retry")) {
      two.send("here\n");
      client.expect("ok here\n");
      one.expectEnd(context.time(CLOSE));
      three.expectEnd(context.time(CLOSE));
    } catch (Broken e) {
      throw e.at("after a retry");
    }
  }

  /**
   * Lets all backends answer at once. Such answers are one answer, and belong to one request.
   * Demands that all have been asked at once, if not each time: a busy machine delays some.
   */
  private static void asksAtOnce(Peer client, List<Backend> backends) throws Broken, IOException {
    long shortest = Long.MAX_VALUE;
    for (int i = 0; i < REPEATED; i++) {
      boolean isFirst = i % 2 == 0;
      List<Peer> calls = new ArrayList<>();
      long sent = System.nanoTime();
      client.send("%s %d\n".formatted(isFirst ? "first" : "all", i));
      for (Backend each : backends) {
        calls.add(asked(each, String.valueOf(i)));
      }
      shortest = Math.min(shortest, System.nanoTime() - sent);
      String answer = "answer to %d\n".formatted(i);
      for (Peer each : calls) {
        each.sendUnlessReset(answer.getBytes(US_ASCII));
      }
      try {
        client.expect(("ok " + answer).repeat(isFirst ? 1 : calls.size()));
      } catch (Broken e) {
        throw e.at("a request to which all backends answer at once");
      }
      calls.forEach(Peer::close);
    }
    if (shortest > AT_ONCE.toNanos()) {
      throw new Broken(
          "all backends to be asked at the same time",
          "it took %,d ms, in the best of %d requests".formatted(shortest / 1_000_000, REPEATED));
    }
  }

  private static void retries(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Duration wanted = ProgramConfig.onLoopback(List.of()).backOff();
    Duration most = wanted.multipliedBy(LONGEST_PAUSE);
    Peer client = context.connect(program(context, NEVER, first, second));
    Duration shortest = retry(client, first, second);
    // A busy machine makes a pause longer, but hardly each of them.
    for (int i = 1; i < 2 || (i < PAUSES && shortest.compareTo(most) > 0); i++) {
      Duration next;
      try {
        next = retry(client, first, second);
      } catch (Broken e) {
        throw e.at("another request of a client, after one that was retried");
      }
      shortest = next.compareTo(shortest) < 0 ? next : shortest;
    }
    if (shortest.compareTo(most) > 0) {
      throw Broken.late(
          "a pause of %,d ms, and no more than %,d ms"
              .formatted(wanted.toMillis(), most.toMillis()),
          "the shortest of %d took %,d ms".formatted(PAUSES, shortest.toMillis()));
    }
  }

  /** Lets all backends fail once, and returns the time until they are asked again. */
  private static Duration retry(Peer client, Backend first, Backend second)
      throws Broken, IOException {
    client.send("first tea\n");
    long before;
    try (Peer one = asked(first, "tea")) {
      asked(second, "tea").reset();
      before = System.nanoTime();
      one.send("error no tea\n");
    }
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea")) {
      Duration pause = Duration.ofNanos(System.nanoTime() - before);
      demandAtLeast(ProgramConfig.onLoopback(List.of()).backOff(), before, "a pause");
      one.send("error no tea\n");
      two.send("here\n");
      client.expect("ok here\n");
      return pause;
    }
  }

  private static void givesUp(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
    client.send("first tea\n");
    for (int i = 0; i < 2; i++) {
      try (Peer one = asked(backend, "tea")) {
        one.send("error no tea\n");
      }
    }
    client.expect("failed\n");
    backend.expectNobody(context.time(SILENCE));
    client.send("first coffee\n");
    try (Peer one = asked(backend, "coffee")) {
      one.send("here\n");
      client.expect("ok here\n");
    } catch (Broken e) {
      throw e.at("the request after one that has failed");
    }
  }

  private static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
    client.send("all one\nfirst two\nall three\n");
    for (String question : List.of("one", "two", "three")) {
      try (Peer one = asked(backend, question)) {
        backend.expectNobody(context.time(SILENCE));
        one.send("answer to " + question + "\n");
        client.expect("ok answer to " + question + "\n");
      }
    }
    answersOnce(context);
  }

  /**
   * A backend answers at the deadline: that is one answer as well, and none to the next request.
   */
  private static void answersOnce(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, SHORT, backend));
    for (int i = 0; i < CLOSE_CALLS; i++) {
      String answer = "answer to %d".formatted(i);
      long end = System.nanoTime() + SHORT.toNanos();
      client.send((i % 2 == 0 ? "first " : "all ") + i + "\n");
      Optional<Peer> call = backend.acceptWithin(SHORT);
      if (call.isPresent()) {
        TimeUnit.NANOSECONDS.sleep(end - System.nanoTime() - context.random().nextInt(1_000_000));
        call.get().sendUnlessReset((answer + "\n").getBytes(US_ASCII));
      }
      String line = client.line();
      if (!line.equals("ok " + answer) && !line.equals("late")) {
        throw new Broken(
            "\"ok %s\" or \"late\", from a backend that answers at the deadline".formatted(answer),
            "got \"%s\"".formatted(line));
      }
      call.ifPresent(Peer::close);
      backend.closePending();
    }
  }

  private static void staysInSilence(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    Peer idle = context.connect(program);
    Peer half = context.connect(program);
    half.send("all te");
    Peer waits = context.connect(program);
    waits.send("all tea\n");
    Peer waitsToo = context.connect(program);
    try (Peer call = asked(backend, "tea")) {
      waitsToo.send("first coffee\n");
      waitsToo.finishSending();
      try (Peer callToo = asked(backend, "coffee")) {
        idle.expectSilence(context.time(IDLE).multipliedBy(LONG));
        for (Peer each : List.of(half, waits, waitsToo, call, callToo)) {
          each.expectSilence(Duration.ofMillis(1));
        }
        call.send("here\n");
        waits.expect("ok here\n");
        callToo.send("here\n");
        waitsToo.expect("ok here\n");
        waitsToo.expectFin();
      }
    }
    half.send("a\n");
    idle.send("first tea\n");
    for (int i = 0; i < 2; i++) {
      try (Peer call = asked(backend, "tea")) {
        call.send("here\n");
      }
    }
    half.expect("ok here\n");
    idle.expect("ok here\n");
  }

  private static void halfClosed(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    Peer client = context.connect(program);
    client.send("all one\nall two\n");
    client.finishSending();
    for (String question : List.of("one", "two")) {
      try (Peer one = asked(backend, question)) {
        client.expectSilence(context.time(SILENCE));
        one.send("here\n");
        client.expect("ok here\n");
      }
    }
    client.expectFin();
    Peer retries = context.connect(program);
    retries.send("first three\n");
    retries.finishSending();
    for (String answer : List.of("error not yet\n", "here\n")) {
      try (Peer one = asked(backend, "three")) {
        one.send(answer);
      } catch (Broken e) {
        throw e.at("a \"first\" request of a client that has finished sending");
      }
    }
    retries.expect("ok here\n");
    retries.expectFin();
  }

  private static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend, context.fullBackend());
    context.connect(program);
    Peer waits = context.connect(program);
    waits.send("all tea\n".repeat(MANY));
    asked(backend, "tea");
    Peer gone = context.connect(program);
    gone.send("all coffee\n".repeat(MANY));
    asked(backend, "coffee");
    gone.reset();
    Shutdown.demand(context, program);
  }

  private static void stopsConnecting(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend full = context.fullBackend();
    Backend other = context.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline().dividedBy(2);
    Peer client = context.connect(program(context, deadline, full));
    for (String kind : List.of("all", "first")) {
      // The second request starts when the first has ended at the deadline.
      client.send((kind + " tea\n").repeat(2));
      client.expect("late\n".repeat(2));
      demandConnecting(context, full, 0, "at the deadline");
    }
    Instance patient = program(context, NEVER, full, other);
    for (String kind : List.of("all", "first")) {
      Peer waits = context.connect(patient);
      waits.send(kind + " tea\n");
      try (Peer one = asked(other, "tea")) {
        Peer served = context.connect(patient);
        served.send("first coffee\n");
        try (Peer two = asked(other, "coffee")) {
          two.send("here\n");
          served.expect("ok here\n");
        }
        demandConnecting(context, full, 1, "when another has answered first");
        waits.reset();
        one.expectEnd(context.time(CLOSE));
      }
      demandConnecting(context, full, 0, "when the client is gone");
    }
  }

  /** Demands that at most this many sockets are in SYN-SENT soon, if the kernel lists them. */
  private static void demandConnecting(TestContext context, Backend full, long wanted, String when)
      throws Broken, IOException, InterruptedException {
    if (!Kernel.listsConnecting()) {
      context.note("cannot see sockets that are connecting: there is no /proc/net/tcp");
      return;
    }
    int port = full.address().getPort();
    long deadline = System.nanoTime() + context.time(CLOSE).toNanos();
    long now = Kernel.connecting(port);
    while (now != wanted && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      now = Kernel.connecting(port);
    }
    if (now > wanted) {
      throw Broken.late(
          "%d calls that are still connecting %s".formatted(wanted, when),
          "there are %d after %,d ms (SYN-SENT)".formatted(now, context.time(CLOSE).toMillis()));
    }
    context.note("sees %d calls that are still connecting %s".formatted(now, when));
  }
}
