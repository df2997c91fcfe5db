package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * The deadlines of gather. A lower bound is exact. An upper bound is wide, or compares two requests
 * of the same program.
 */
final class GatherDeadlines {

  private static final Duration DEADLINE = Duration.ofMillis(700);

  /** When, in parts of the deadline, the second request of a connection begins. */
  private static final double SECOND_REQUEST = 0.4;

  /** When backends fail or answer that have taken their time. */
  private static final double LONG_SILENCE = 0.6;

  /** More silent backends than fit, one deadline each, between a deadline and its upper bound. */
  private static final int SILENT = 4;

  /** Of the bound CLOSE, what is little for the best of several answers. */
  private static final int SOON_PART = 4;

  private static final Duration DRIP_INTERVAL = DEADLINE.dividedBy(5);
  private static final int DRIPS = 100;

  private static final Duration BACK_OFF = ProgramConfig.onLoopback(List.of()).backOff();

  /** A deadline within the pause before a retry. */
  private static final Duration SHORT = BACK_OFF.multipliedBy(9).dividedBy(10);

  /** If the kit resets a client no later than this, the pause has not ended. */
  private static final Duration IN_THE_PAUSE = BACK_OFF.dividedBy(2);

  /** A deadline shortly before which all backends fail: a pause would end after it. */
  private static final Duration BRIEF = BACK_OFF.multipliedBy(2);

  private static final Duration BEFORE_DEADLINE = Duration.ofMillis(40);

  /** If the kit lets a backend fail no later than this, the program can learn of it in time. */
  private static final Duration LEAST_BEFORE_DEADLINE = Duration.ofMillis(20);

  private static final int PAUSED = 6;
  private static final int ASKED_AGAIN = 6;
  private static final int QUIET = 2;
  private static final int ROUNDS = 16;

  private GatherDeadlines() {}

  /**
   * A request whose answer a thread of its own awaits, so that the time of its arrival is exact.
   */
  private record Pending(String what, long sent, CompletableFuture<Long> answered) {

    static Pending send(Peer client, String request, String answer, String what) throws Broken {
      long sent = System.nanoTime();
      client.send(request);
      CompletableFuture<Long> answered = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            try {
              client.expect(answer);
              answered.complete(System.nanoTime());
            } catch (Broken e) {
              answered.completeExceptionally(e);
            }
          });
      return new Pending(what, sent, answered);
    }

    long answeredAt() throws Broken, InterruptedException {
      try {
        return answered.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Broken broken) {
          throw broken.at(what);
        }
        throw new IllegalStateException(e);
      }
    }

    /** Demands the answer no earlier than at the deadline, and little later. */
    void demandAtDeadline(TestContext context) throws Broken, InterruptedException {
      long nanos = answeredAt() - sent;
      String actual = "it came after %,.1f ms".formatted(nanos / 1e6);
      if (nanos < DEADLINE.toNanos()) {
        throw new Broken(
                "an answer at the deadline of %,d ms".formatted(DEADLINE.toMillis()), actual)
            .at(what);
      }
      Duration most = DEADLINE.plus(context.time(CLOSE));
      if (nanos > most.toNanos()) {
        throw Broken.late(
                "an answer at the deadline of %,d ms, and no later than after %,d ms"
                    .formatted(DEADLINE.toMillis(), most.toMillis()),
                actual)
            .at(what);
      }
    }
  }

  /**
   * Demands that at least one of the answers has come soon after its deadline: a busy machine
   * delays some, but a program that has a wrong deadline delays all.
   */
  private static void demandOneInTime(TestContext context, Pending... all)
      throws Broken, InterruptedException {
    long least = Long.MAX_VALUE;
    for (Pending each : all) {
      least = Math.min(least, each.answeredAt() - each.sent - DEADLINE.toNanos());
    }
    Duration most = context.time(CLOSE).dividedBy(SOON_PART);
    if (least > most.toNanos()) {
      throw Broken.late(
          "\"late\" at the deadline, %,d ms after it at most".formatted(most.toMillis()),
          "each of %d came later, the first one %,d ms after it"
              .formatted(all.length, least / 1_000_000));
    }
  }

  private static Duration part(double share) {
    return Duration.ofNanos((long) (share * DEADLINE.toNanos()));
  }

  /** Sends a byte now and then, and never LF, until the connection has ended. */
  private static void drip(Peer backend) {
    Thread.startVirtualThread(
        () -> {
          try {
            for (int i = 0; i < DRIPS && backend.sendUnlessReset(new byte[] {'x'}); i++) {
              Thread.sleep(DRIP_INTERVAL);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Rule 12.04: the deadline of "all". */
  static void late(TestContext context) throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    List<Backend> backends = new ArrayList<>(List.of(first, second, context.refusingBackend()));
    for (int i = 0; i < SILENT; i++) {
      backends.add(context.backend());
    }
    backends.add(context.fullBackend()); // Not to have accepted is no failure before the deadline.
    Instance program = program(context, DEADLINE, backends.toArray(Backend[]::new));
    String answer = "late\nok here\nfailed\n" + "late\n".repeat(SILENT + 1);
    Peer again = context.connect(program);
    Peer drips = context.connect(program);
    again.send("first one\n");
    try (Peer one = asked(first, "one");
        Peer _ = asked(second, "one")) {
      one.send("here\n");
      again.expect("ok here\n");
    }
    Pending dripped =
        Pending.send(drips, "all drip\n", answer, "with a backend that sends a byte now and then");
    drips.finishSending();
    try (Peer dripping = asked(first, "drip");
        Peer good = asked(second, "drip")) {
      good.send("here\n");
      drip(dripping);
      again.expectSilence(part(SECOND_REQUEST));
      Pending waiting =
          Pending.send(again, "all two\n", answer, "the second request of a connection");
      try (Peer silent = asked(first, "two");
          Peer quick = asked(second, "two")) {
        quick.send("here\n");
        dripped.demandAtDeadline(context);
        drips.expectFin();
        waiting.demandAtDeadline(context);
        demandOneInTime(context, dripped, waiting);
        silent.expectEnd(context.time(CLOSE));
        dripping.expectEnd(context.time(CLOSE));
      }
    }
    besideLaterRequests(context);
  }

  /** A timer that all requests share would be set anew by each later request. */
  private static void besideLaterRequests(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend silent = context.backend();
    Instance program = program(context, DEADLINE, silent);
    Peer client = context.connect(program);
    Pending waiting =
        Pending.send(client, "all one\n", "late\n", "a request, while other clients begin theirs");
    Duration most = DEADLINE.plus(context.time(CLOSE));
    while (!waiting.answered().isDone() && System.nanoTime() - waiting.sent() < most.toNanos()) {
      context.connect(program).send("all two\n");
      client.pause(part(SECOND_REQUEST));
    }
    waiting.demandAtDeadline(context);
  }

  /** Rule 12.09: the deadline of "first". */
  static void firstLate(TestContext context) throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Instance program = program(context, DEADLINE, first, second);
    Peer again = context.connect(program);
    again.send("all one\n");
    try (Peer one = asked(first, "one");
        Peer two = asked(second, "one")) {
      one.send("here\n");
      two.send("there\n");
      again.expect("ok here\nok there\n");
    }
    Pending retrying =
        Pending.send(
            context.connect(program), "first retry\n", "late\n", "a request that is retried");
    try (Peer fails = asked(first, "retry");
        Peer failsToo = asked(second, "retry")) {
      Pending dripped =
          Pending.send(
              context.connect(program),
              "first drip\n",
              "late\n",
              "with a backend that sends a byte now and then");
      try (Peer dripping = asked(first, "drip");
          Peer bad = asked(second, "drip")) {
        bad.send("error no drip\n");
        drip(dripping);
        Peer lucky = context.connect(program);
        lucky.send("first luck\n");
        try (Peer good = asked(first, "luck");
            Peer _ = asked(second, "luck")) {
          lucky.expectSilence(part(SECOND_REQUEST));
          Pending waiting =
              Pending.send(again, "first two\n", "late\n", "the second request of a connection");
          try (Peer silent = asked(first, "two");
              Peer admits = asked(second, "two")) {
            admits.send("error no two\n");
            lucky.expectSilence(part(LONG_SILENCE - SECOND_REQUEST));
            fails.send("error not yet\n");
            failsToo.send("error not yet\n");
            good.send("here\n");
            lucky.expect("ok here\n");
            demandEarlier(retrying, waiting);
            retrying.demandAtDeadline(context);
            dripped.demandAtDeadline(context);
            waiting.demandAtDeadline(context);
            demandOneInTime(context, retrying, dripped, waiting);
            silent.expectEnd(context.time(CLOSE));
          }
        }
      }
    }
    failsBeforeTheDeadline(context);
  }

  /**
   * All backends fail shortly before the deadline. A program that pauses beyond it answers only
   * after a whole pause, each time; a busy machine delays some answers.
   */
  private static void failsBeforeTheDeadline(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, BRIEF, backend);
    int paused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      Pending request =
          Pending.send(
              context.connect(program),
              "first tea\n",
              "late\n",
              "all backends fail shortly before the deadline");
      Optional<Peer> call = backend.acceptWithin(BRIEF);
      if (call.isPresent()) {
        long deadline = request.sent + BRIEF.toNanos();
        NANOSECONDS.sleep(deadline - BEFORE_DEADLINE.toNanos() - System.nanoTime());
        long failed = System.nanoTime();
        call.get().sendUnlessReset("error not yet\n".getBytes(US_ASCII));
        boolean isInTime = deadline - failed > LEAST_BEFORE_DEADLINE.toNanos();
        boolean afterPause = request.answeredAt() - failed >= BACK_OFF.toNanos();
        if (isInTime && !afterPause) {
          return;
        }
        paused += isInTime ? 1 : 0;
      }
      backend.closePending();
      if (paused == PAUSED) {
        throw Broken.late(
            "\"late\" at the deadline, %d ms after all backends had failed"
                .formatted(BEFORE_DEADLINE.toMillis()),
            "it came after a pause of %d ms, %d of %d times"
                .formatted(BACK_OFF.toMillis(), paused, i + 1));
      }
    }
    throw new Inconclusive("the kit was too slow to let a backend fail before the deadline");
  }

  /** Demands that the request that began first is answered first: its retry counts as well. */
  private static void demandEarlier(Pending retrying, Pending later)
      throws Broken, InterruptedException {
    long after = retrying.answeredAt() - later.answeredAt();
    if (after > 0) {
      throw Broken.late(
          "\"late\" at the deadline of a request that is retried, %,d ms before that of a later one"
              .formatted((later.sent - retrying.sent) / 1_000_000),
          "it came %,d ms after it: the deadline has begun anew".formatted(after / 1_000_000));
    }
  }

  /** Rule 12.22: a retry is cancelled, too. */
  static void asksForNobody(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer answered = context.connect(program(context, SHORT, backend));
    answered.send("first tea\n");
    // On a busy machine the deadline may pass before the call has been made.
    Optional<Peer> call = backend.acceptWithin(SHORT);
    call.ifPresent(it -> it.sendUnlessReset("error not yet\n".getBytes(US_ASCII)));
    try {
      answered.expect("late\n");
    } catch (Broken e) {
      throw e.at("a deadline of %,d ms, within the pause".formatted(SHORT.toMillis()));
    }
    backend.closePending();
    try {
      backend.expectNobody(context.time(SILENCE));
    } catch (Broken e) {
      throw e.at("after the answer, which came during the pause");
    }
    asksForNobodyGone(context);
  }

  /**
   * Resets a client during the pause. On a busy machine a program may learn of it too late; so it
   * breaks the rule only if it asks again most of the times.
   */
  private static void asksForNobodyGone(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    int again = 0;
    int quiet = 0;
    for (int i = 0; i < ROUNDS; i++) {
      Peer gone = context.connect(program);
      gone.send("first tea\n");
      try (Peer call = asked(backend, "tea")) {
        long failed = System.nanoTime();
        call.send("error not yet\n");
        call.endsWithoutData(IN_THE_PAUSE.dividedBy(2));
        gone.reset();
        boolean duringPause = System.nanoTime() - failed < IN_THE_PAUSE.toNanos();
        Optional<Peer> next = backend.acceptWithin(context.time(SILENCE));
        next.ifPresent(Peer::close);
        again += next.isPresent() && duringPause ? 1 : 0;
        quiet += next.isEmpty() ? 1 : 0;
      }
      if (quiet == QUIET) {
        return;
      }
      if (again == ASKED_AGAIN) {
        throw new Broken(
            "no connection to a backend for a client that has reset during the pause",
            "one was made after the pause, %d of %d times".formatted(again, i + 1));
      }
    }
    throw new Inconclusive("the kit was too slow to reset a client during the pause");
  }
}
