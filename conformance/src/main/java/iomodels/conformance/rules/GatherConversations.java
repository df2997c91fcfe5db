package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The order in which gather answers the requests of one client, and how a conversation ends. */
final class GatherConversations {

  private static final int MANY = 1_000;
  private static final int LONG_REQUESTS = 120;
  private static final int LONG_QUESTION = 800;

  /** With long answers, more than the kernel's buffers hold for a client with a small window. */
  private static final int UNREAD = 4_200;

  private static final int LONG_ANSWER = 1_000;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  /** Deadlines that end at the moment at which the backend answers. */
  private static final int CLOSE_CALLS = 20;

  private static final Duration SHORT = Duration.ofMillis(20);

  /** How much longer than {@link iomodels.conformance.Bound#IDLE} the kit keeps silent. */
  private static final int LONG = 3;

  private GatherConversations() {}

  /** Rule 12.11. */
  static void inTurn(TestContext context) throws Broken, IOException, InterruptedException {
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
    longRequests(context);
  }

  /** More than a program reads at once: it stops reading in the middle of a request. */
  private static void longRequests(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend));
    List<String> questions = new ArrayList<>();
    StringBuilder requests = new StringBuilder();
    for (int i = 0; i < LONG_REQUESTS; i++) {
      String question = "%d %s".formatted(i, "x".repeat(LONG_QUESTION + i));
      questions.add(question);
      requests.append("all ").append(question).append('\n');
    }
    byte[] all = requests.toString().getBytes(US_ASCII);
    client.whileSending(
        () -> client.send(all),
        () -> {
          for (int i = 0; i < LONG_REQUESTS; i++) {
            try (Peer call = asked(backend, questions.get(i))) {
              call.send("answer to %d\n".formatted(i));
              client.expect("ok answer to %d\n".formatted(i));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            } catch (Broken e) {
              throw e.at("request %d of %d that arrive together".formatted(i + 1, LONG_REQUESTS));
            }
          }
        });
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

  /** Rule 12.12. */
  static void halfClosed(TestContext context) throws Broken, IOException, InterruptedException {
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
    readsLate(context);
  }

  /** The answers fill all buffers between the program and a client before it reads the first. */
  private static void readsLate(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connectWithWindow(program(context, NEVER, backend), SMALL_WINDOW);
    client.send("all tea\n".repeat(UNREAD));
    client.finishSending();
    int answered = 0;
    while (answered < UNREAD && answerNext(backend, answered, context.time(SILENCE))) {
      answered++; // If none comes, the program waits until the client reads.
    }
    int begun = answered;
    try {
      client.whileSending(
          () -> answerAll(backend, begun),
          () -> {
            for (int i = 0; i < UNREAD; i++) {
              client.expect("ok " + longAnswer(i));
            }
            client.expectFin();
          });
    } catch (Broken e) {
      throw e.at("a client that reads late, after %,d of its requests".formatted(begun));
    }
  }

  private static void answerAll(Backend backend, int begun) throws Broken {
    try {
      for (int i = begun; i < UNREAD; i++) {
        if (!answerNext(backend, i, LONGEST_WAIT)) {
          return; // The client tells what is missing.
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Answers the next call; returns false if none comes within this time. */
  private static boolean answerNext(Backend backend, int number, Duration within)
      throws Broken, IOException {
    Optional<Peer> call = backend.acceptWithin(within);
    if (call.isPresent()) {
      call.get().expect("tea\n");
      call.get().send(longAnswer(number));
      call.get().close();
    }
    return call.isPresent();
  }

  private static String longAnswer(int number) {
    return "answer %d ".formatted(number) + "x".repeat(LONG_ANSWER) + "\n";
  }

  /** Rule 12.16. */
  static void ends(TestContext context) throws Broken, IOException, InterruptedException {
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

  /** Rule 12.25. */
  static void staysInSilence(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    Peer idle = context.connect(program);
    Peer half = context.connect(program);
    half.send("all te");
    Peer waits = context.connect(program);
    waits.send("all tea\n");
    Peer waitsToo = context.connect(program);
    Backend full = context.fullBackend();
    Instance connecting = program(context, NEVER, full);
    List<Peer> wait = List.of(context.connect(connecting), context.connect(connecting));
    wait.getFirst().send("all tea\n");
    wait.getLast().send("first tea\n");
    try (Peer call = asked(backend, "tea")) {
      waitsToo.send("first coffee\n");
      waitsToo.finishSending();
      try (Peer callToo = asked(backend, "coffee")) {
        idle.expectSilence(context.time(IDLE).multipliedBy(LONG));
        for (Peer each : List.of(half, waits, waitsToo, call, callToo)) {
          each.expectSilence(Duration.ofMillis(1));
        }
        answerAtLast(full, wait);
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

  /** Answers the requests whose calls were connecting while the backlog was full. */
  private static void answerAtLast(Backend full, List<Peer> clients) throws Broken, IOException {
    try {
      for (Peer each : clients) {
        each.expectSilence(Duration.ofMillis(1));
      }
      full.makeRoom();
      for (int i = 0; i < clients.size(); i++) {
        asked(full, "tea").send("here\n");
      }
      for (Peer each : clients) {
        each.expect("ok here\n");
      }
    } catch (Broken e) {
      throw e.at("a backend whose backlog was full");
    }
  }
}
