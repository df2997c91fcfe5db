package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.CLOSES;
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
              "The program MUST accept a request in any pieces, with or without a CR before"
                  + " its LF.",
              "TCP does not keep message boundaries (RFC 9293), so a read may return half of"
                  + " a request or two of them. Clients such as telnet end a line with CR LF, and"
                  + " the CR must not become a part of the question.",
              Section12Gather::pieces),
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
              Section12Gather::late),
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
                  + " after a pause.",
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
              Section12Gather::firstLate),
          rule(
              "12.10",
              "When a client is gone, the program MUST close all connections that it opened"
                  + " for that client.",
              "A user who reloads a page would otherwise multiply the load on the backends"
                  + " for nothing. Go's net/http cancels a request's context for this reason when"
                  + " the client's connection closes.",
              Section12Gather::cancels),
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
              Section12Gather::othersGoOn),
          rule(
              "12.14",
              "The program MUST answer a line that is not a request with an error line, and"
                  + " then close the connection.",
              "After a malformed line, the two sides may disagree about where the next"
                  + " request begins, which is how HTTP request smuggling works (CWE-444); HTTP"
                  + " servers should respond with 400 and close (RFC 9112, section 2.2). The error"
                  + " line tells the user what was wrong.",
              Section12Gather::refuses),
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
              Section12Gather::leavesNothing),
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
              Section12Gather::stopsConnecting));

  /** A deadline that is not reached during a test. */
  private static final Duration NEVER = Duration.ofMinutes(10);

  private static final int MANY = 1_000;
  private static final Duration SOON = Duration.ofMillis(10);
  private static final long POLL_INTERVAL_MILLIS = 20;

  private Section12Gather() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, GATHER, Set.of(), check);
  }

  /** Creates a timed rule: a pause of the machine as long as the deadline would break it. */
  private static Rule timed(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, GATHER, Set.of(), Scheduling.TIMED, check);
  }

  private static Instance program(TestContext context, Duration deadline, Backend... backends)
      throws IOException, InterruptedException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (Backend each : backends) {
      addresses.add(each.address());
    }
    return context.program(ProgramConfig.onLoopback(addresses).within(deadline));
  }

  /** Accepts a connection, and receives the question on it. */
  private static Peer asked(Backend backend, String question) throws Broken, IOException {
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
  }

  private static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
    for (byte each : "all te".getBytes(US_ASCII)) {
      client.send(new byte[] {each});
    }
    backend.expectNobody(context.time(SILENCE));
    client.send("a\r\nall cof");
    try (Peer one = asked(backend, "tea")) {
      one.send("o");
      one.send("ne");
      client.expectSilence(context.time(SILENCE));
      one.send("\n");
      client.expect("ok one\n");
    }
    client.send("fee\n");
    try (Peer one = asked(backend, "coffee")) {
      one.send("two\nand more\n");
      client.expect("ok two\n");
    }
  }

  private static void failed(TestContext context) throws Broken, IOException, InterruptedException {
    Backend[] backends = {
      context.refusingBackend(),
      context.backend(),
      context.backend(),
      context.backend(),
      context.backend()
    };
    Backend last = context.backend();
    Peer client =
        context.connect(
            program(
                context,
                NEVER,
                backends[0],
                backends[1],
                backends[2],
                backends[3],
                backends[4],
                last));
    client.send("all tea\n");
    asked(backends[1], "tea").reset();
    try (Peer ends = asked(backends[2], "tea");
        Peer admits = asked(backends[3], "tea");
        Peer babbles = asked(backends[4], "tea");
        Peer good = asked(last, "tea")) {
      ends.send("half of an ans");
      ends.finishSending();
      admits.send("error no tea\n");
      babbles.send("x".repeat(LineReader.MAX_BYTES + 2));
      good.send("ok\n");
      client.expect("failed\nfailed\nfailed\nfailed\nfailed\nok ok\n");
      babbles.expectEnd(context.time(CLOSE));
    }
  }

  private static void late(TestContext context) throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline();
    Peer client = context.connect(program(context, deadline, first, second));
    long before = System.nanoTime();
    client.send("all tea\n");
    try (Peer silent = asked(first, "tea");
        Peer good = asked(second, "tea")) {
      good.send("here\n");
      client.expect("late\nok here\n");
      demandAtLeast(deadline, before, "the deadline");
      silent.expectEnd(context.time(CLOSE));
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
    client.send("first coffee\n");
    try (Peer one = asked(first, "coffee")) {
      one.send("there\n");
      client.expect("ok there\n");
    }
  }

  private static void retries(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Peer client = context.connect(program(context, NEVER, first, second));
    client.send("first tea\n");
    long before;
    try (Peer one = asked(first, "tea")) {
      asked(second, "tea").reset();
      before = System.nanoTime();
      one.send("error no tea\n");
    }
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea")) {
      demandAtLeast(ProgramConfig.onLoopback(List.of()).backOff(), before, "a pause");
      one.send("error no tea\n");
      two.send("here\n");
      client.expect("ok here\n");
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
  }

  private static void firstLate(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline();
    Peer client = context.connect(program(context, deadline, first, second));
    long before = System.nanoTime();
    client.send("first tea\n");
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea")) {
      two.send("error no tea\n");
      client.expect("late\n");
      demandAtLeast(deadline, before, "the deadline");
      one.expectEnd(context.time(CLOSE));
    }
  }

  private static void cancels(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Instance program = program(context, NEVER, first, second);
    for (String kind : List.of("all", "first")) {
      Peer client = context.connect(program);
      client.send(kind + " tea\n");
      try (Peer one = asked(first, "tea");
          Peer two = asked(second, "tea")) {
        client.reset();
        one.expectEnd(context.time(CLOSE));
        two.expectEnd(context.time(CLOSE));
      }
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
  }

  private static void halfClosed(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
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
  }

  private static void othersGoOn(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    Peer waits = context.connect(program);
    waits.send("all tea\n");
    try (Peer slow = asked(backend, "tea")) {
      for (int i = 0; i < 100; i++) {
        Peer client = context.connect(program);
        client.send("first coffee\n");
        try (Peer quick = asked(backend, "coffee")) {
          quick.send("here\n");
          client.expect("ok here\n");
        }
        client.close();
      }
      slow.send("at last\n");
      waits.expect("ok at last\n");
    }
  }

  private static void refuses(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    for (String nonsense : List.of("some tea\n", "all\n", "\n", "ALL tea\r\n")) {
      Peer client = context.connect(program);
      client.send(nonsense + "all tea\n");
      client.expect("error expected all or first\n");
      client.expectFin();
    }
    Peer babbler = context.connect(program);
    babbler.send("all " + "x".repeat(2 * LineReader.MAX_BYTES));
    babbler.expect("error line too long\n");
    babbler.expectFin();
    backend.expectNobody(context.time(SILENCE));
  }

  private static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
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
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline();
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

  private static void leavesNothing(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Backend refusing = context.refusingBackend();
    Instance program = program(context, NEVER, first, second, refusing);
    Backend slow = context.backend();
    Instance hasty = program(context, SOON, slow);
    ResourceLeaks.demandNone(
        context,
        List.of(program, hasty),
        context.count(CLOSES) / 4,
        () -> {
          Peer gone = context.connect(program);
          gone.send("all tea\n");
          try (Peer one = asked(first, "tea");
              Peer two = asked(second, "tea")) {
            two.send("here\n");
            gone.reset();
            one.expectEnd(context.time(CLOSE));
          }
          try (Peer client = context.connect(program)) {
            client.send("first tea\n");
            try (Peer one = asked(first, "tea");
                Peer two = asked(second, "tea")) {
              two.send("here\n");
              client.expect("ok here\n");
              one.expectEnd(context.time(CLOSE));
            }
          }
          try (Peer client = context.connect(hasty)) {
            client.send("all tea\n");
            client.expect("late\n");
          }
          slow.closePending(); // There may be none, since the deadline is so short.
        });
  }
}
