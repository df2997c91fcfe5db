package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How requests of gather end, and whether anything is left of them. */
final class GatherEndings {

  private static final Duration SOON = Duration.ofMillis(10);
  private static final int RESETS = 5;

  /** In how many rounds there is one with retries, which take a pause each. */
  private static final int PAUSE_EVERY = 24;

  /** Clients of each kind in such a round; together they fit into a backend's accept queue. */
  private static final int AT_ONCE = 7;

  /** As many times more of them leave during the pause, where one descriptor may leak for each. */
  private static final int GONE = 3;

  private static final byte[] ANSWER = "here\n".getBytes(US_ASCII);

  private GatherEndings() {}

  /** A call to a backend that has received its question. */
  private record Call(Peer backend, String question) {}

  /** Rule 12.24. */
  static void survivesResets(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    try {
      for (int i = 0; i < RESETS; i++) {
        reset(context, program, backend);
      }
      Peer client = context.connect(program);
      client.send("all tea\n");
      try (Peer call = asked(backend, "tea")) {
        call.send("here\n");
        client.expect("ok here\n");
      }
    } catch (Broken e) {
      throw e.at("after clients and backends have reset");
    }
  }

  private static void reset(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    // The program cannot read this reset, since the FIN came first; it meets it when it writes.
    Peer finished = context.connect(program);
    finished.send("all tea\n");
    finished.finishSending();
    try (Peer call = asked(backend, "tea")) {
      finished.reset();
      call.sendUnlessReset(ANSWER);
    }
    context.connect(program).reset();
    Peer half = context.connect(program);
    half.send("all te");
    half.reset();
    Peer both = context.connect(program);
    both.send("all tea\n");
    Peer asked = asked(backend, "tea");
    both.reset();
    asked.reset();
    for (int calls = 1; calls <= 2; calls++) { // "first" is retried.
      try (Peer client = context.connect(program)) {
        client.send(calls == 1 ? "all tea\n" : "first tea\n");
        for (int i = 0; i < calls; i++) {
          backend.accept().reset(); // Perhaps before the program writes its question.
        }
        client.expect("failed\n");
      }
    }
  }

  /** Rule 12.15: ends requests in every way, repeatedly, and counts the descriptors. */
  static void leavesNothing(TestContext context) throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Instance program = program(context, NEVER, first, second, context.refusingBackend());
    Backend slow = context.backend();
    Instance hasty = program(context, SOON, slow, context.fullBackend());
    Rounds rounds = new Rounds(context, program, first, second);
    ResourceLeaks.demandNone(
        context,
        List.of(program, hasty),
        context.count(CLOSES) / 4,
        () -> {
          rounds.hold();
          try (Peer client = context.connect(hasty)) {
            client.send(rounds.isEven() ? "all tea\n" : "first tea\n");
            client.expect(rounds.isEven() ? "late\nlate\n" : "late\n");
          }
          slow.closePending(); // There may be none, since the deadline is so short.
        });
    ErrorOutput.demandLittleWhileClientsReset(
        context,
        program,
        () -> {
          Peer half = context.connect(program);
          half.send("all te");
          half.reset();
        });
  }

  /** Requests that end in different ways: some in each round, some in every second one. */
  private static final class Rounds {

    private final TestContext context;
    private final Instance program;
    private final Backend first;
    private final Backend second;
    private int round;

    Rounds(TestContext context, Instance program, Backend first, Backend second) {
      this.context = context;
      this.program = program;
      this.first = first;
      this.second = second;
    }

    boolean isEven() {
      return round % 2 == 0;
    }

    void hold() throws Broken, IOException {
      if (round % PAUSE_EVERY == 0) {
        retry();
      }
      round++;
      leaveWhileAsked();
      winAgainstSilent();
      if (isEven()) {
        answered();
        refused();
        leaveBeforeTheAnswer();
      } else {
        failed();
        context.connect(program).close();
        Peer half = context.connect(program);
        half.send("all te");
        half.reset();
      }
    }

    private void leaveWhileAsked() throws Broken, IOException {
      Peer gone = context.connect(program);
      gone.send("all tea\n");
      try (Peer one = asked(first, "tea");
          Peer two = asked(second, "tea")) {
        two.send("here\n");
        gone.reset();
        one.expectEnd(context.time(CLOSE));
      }
    }

    private void winAgainstSilent() throws Broken, IOException {
      try (Peer client = context.connect(program)) {
        client.send("first tea\n");
        try (Peer one = asked(first, "tea");
            Peer two = asked(second, "tea")) {
          two.send("here\n");
          client.expect("ok here\n");
          one.expectEnd(context.time(CLOSE));
        }
      }
    }

    private void answered() throws Broken, IOException {
      try (Peer client = context.connect(program)) {
        client.send("all tea\n");
        client.finishSending();
        try (Peer one = asked(first, "tea");
            Peer two = asked(second, "tea")) {
          one.send("here\n");
          two.send("there\n");
          client.expect("ok here\nok there\nfailed\n");
          client.expectFin();
        }
      }
    }

    private void refused() throws Broken, IOException {
      try (Peer client = context.connect(program)) {
        client.send("nonsense\n");
        client.expect("error expected all or first\n");
        client.expectFin();
      }
    }

    private void leaveBeforeTheAnswer() throws Broken, IOException {
      Peer gone = context.connect(program);
      gone.send("all tea\n");
      gone.finishSending();
      try (Peer one = asked(first, "tea");
          Peer two = asked(second, "tea")) {
        gone.reset();
        one.sendUnlessReset(ANSWER);
        two.sendUnlessReset(ANSWER);
      }
    }

    /** The calls of one request reset, those of the other end otherwise. */
    private void failed() throws Broken, IOException {
      try (Peer client = context.connect(program)) {
        client.send("all tea\nall coffee\n");
        asked(first, "tea").reset();
        try (Peer two = asked(second, "tea")) {
          two.send("half");
          two.finishSending();
          client.expect("failed\n".repeat(3));
        }
        try (Peer one = asked(first, "coffee");
            Peer two = asked(second, "coffee")) {
          one.send("error no coffee\n");
          two.send("x".repeat(LineReader.MAX_BYTES + 2));
          client.expect("failed\n".repeat(3));
        }
      }
    }

    /** Of the clients of a request that fails, some leave during the pause, some the retry. */
    private void retry() throws Broken, IOException {
      List<Peer> failing = new ArrayList<>();
      List<Peer> won = new ArrayList<>();
      List<Peer> lost = new ArrayList<>();
      List<Peer> left = new ArrayList<>();
      List<Peer> gone = new ArrayList<>();
      for (int i = 0; i < AT_ONCE; i++) {
        won.add(ask("won", failing));
        lost.add(ask("lost", failing));
        left.add(ask("left", failing));
        for (int n = 0; n < GONE; n++) {
          gone.add(ask("gone", failing));
        }
      }
      for (Peer each : failing) {
        each.send("error not yet\n");
      }
      failing.getLast().endsWithoutData(SOON); // Then the pause has begun.
      failing.forEach(Peer::close);
      for (Peer each : gone) {
        each.reset();
      }
      List<Call> calls = new ArrayList<>();
      for (Backend each : List.of(first, second)) {
        acceptAll(each, 3 * AT_ONCE, calls);
      }
      for (Peer each : left) {
        each.reset();
      }
      for (Call each : calls) {
        switch (each.question) {
          case "won" -> each.backend.sendUnlessReset(ANSWER);
          case "lost" -> each.backend.send("error not yet\n");
          default -> each.backend.expectEnd(context.time(CLOSE));
        }
      }
      for (int i = 0; i < AT_ONCE; i++) {
        won.get(i).expect("ok here\n");
        lost.get(i).expect("failed\n");
        won.get(i).close();
        lost.get(i).close();
      }
      calls.forEach(it -> it.backend.close());
      first.closePending();
      second.closePending();
    }

    private Peer ask(String question, List<Peer> calls) throws Broken, IOException {
      Peer client = context.connect(program);
      client.send("first " + question + "\n");
      calls.add(asked(first, question));
      calls.add(asked(second, question));
      return client;
    }

    /** Accepts the calls of the retry; a program may have made some for clients that are gone. */
    private static void acceptAll(Backend backend, int count, List<Call> calls)
        throws Broken, IOException {
      for (int i = 0; i < count; ) {
        Peer call = backend.accept();
        String question;
        try {
          question = call.line();
        } catch (Broken _) {
          question = "gone";
        }
        if (question.equals("gone")) {
          call.close();
        } else {
          calls.add(new Call(call, question));
          i++;
        }
      }
    }
  }
}
