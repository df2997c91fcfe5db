package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;
import static java.nio.charset.StandardCharsets.US_ASCII;

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

/** The answer to "first": the first good one, and one retry. */
final class GatherFirst {

  private static final int REPEATED = 20;

  /** A program that asks one backend after the other, with a delay, takes longer each time. */
  private static final Duration AT_ONCE = Duration.ofMillis(40);

  /** In parts of the pause, how long it may take; and how many of them the kit tries. */
  private static final int LONGEST_PAUSE = 4;

  private static final int PAUSES = 6;

  /** Shorter than the pause. */
  private static final Duration BETWEEN_FAILURES = Duration.ofMillis(70);

  private GatherFirst() {}

  /** Rule 12.05. */
  static void firstGood(TestContext context) throws Broken, IOException, InterruptedException {
    Backend first = context.backend();
    Backend second = context.backend();
    Peer client =
        context.connect(program(context, NEVER, first, second, context.refusingBackend()));
    client.send("first tea\n");
    try (Peer slow = asked(first, "tea");
        Peer bad = asked(second, "tea")) {
      bad.send("error no tea\n");
      bad.finishSending(); // The FIN is no further failure.
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

  /** Rule 12.06. */
  static void closesOthers(TestContext context) throws Broken, IOException, InterruptedException {
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
    asksAtOnce(context, client, List.of(first, second, third));
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
   * Demands that all have been asked at once, if not each time: a busy machine delays some. If it
   * delays all of them, it also delays the answers.
   */
  private static void asksAtOnce(TestContext context, Peer client, List<Backend> backends)
      throws Broken, IOException {
    long shortest = Long.MAX_VALUE;
    long shortestAnswer = Long.MAX_VALUE;
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
      long answered = System.nanoTime();
      for (Peer each : calls) {
        each.sendUnlessReset(answer.getBytes(US_ASCII));
      }
      try {
        client.expect(("ok " + answer).repeat(isFirst ? 1 : calls.size()));
      } catch (Broken e) {
        throw e.at("a request to which all backends answer at once");
      }
      shortestAnswer = Math.min(shortestAnswer, System.nanoTime() - answered);
      calls.forEach(Peer::close);
    }
    if (shortest > context.limit(AT_ONCE).toNanos() + backends.size() * shortestAnswer) {
      throw Broken.late(
          "all backends to be asked at the same time",
          "it took %,d ms, in the best of %d requests".formatted(shortest / 1_000_000, REPEATED));
    }
  }

  /** Rule 12.07. */
  static void retries(TestContext context) throws Broken, IOException, InterruptedException {
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
    besideLaterFailures(context, most.plus(context.time(CLOSE)));
    afterRefusals(context, wanted);
  }

  /**
   * All backends refuse, and one listens before the pause can be over: it began after the request
   * was sent. If the kit is too slow for that, it tries again.
   */
  private static void afterRefusals(TestContext context, Duration pause)
      throws Broken, IOException, InterruptedException {
    Backend returns = context.refusingBackend();
    Peer client = context.connect(program(context, NEVER, returns, context.refusingBackend()));
    for (int i = 0; i < PAUSES; i++) {
      long sent = System.nanoTime();
      client.send("first tea\n");
      client.pause(pause.dividedBy(2));
      returns.startListening();
      boolean isInThePause = System.nanoTime() - sent < pause.toNanos();
      Optional<Peer> call = returns.acceptWithin(context.patience());
      if (call.isPresent()) {
        call.get().expect("tea\n");
        call.get().send("here\n");
        client.expect("ok here\n");
        return;
      }
      String answer = client.line();
      if (isInThePause) {
        throw new Broken(
            "a backend to be asked that had refused, and listened before the pause was over",
            "it was not, and the client got \"%s\"".formatted(answer));
      }
      returns.stopListening();
    }
    throw new Inconclusive("the kit was too slow to let a backend listen during the pause");
  }

  /** Requests of other clients fail during the pause: a timer that all share would be set anew. */
  private static void besideLaterFailures(TestContext context, Duration most)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    Peer client = context.connect(program);
    client.send("first tea\n");
    try (Peer call = asked(backend, "tea")) {
      call.send("error no tea\n");
    }
    long failed = System.nanoTime();
    while (System.nanoTime() - failed < most.toNanos()) {
      context.connect(program).send("first coffee\n");
      long next = System.nanoTime() + BETWEEN_FAILURES.toNanos();
      for (long left = BETWEEN_FAILURES.toNanos(); left > 0; left = next - System.nanoTime()) {
        Optional<Peer> call = backend.acceptWithin(Duration.ofNanos(left));
        if (call.isPresent() && call.get().line().equals("tea")) {
          call.get().send("here\n");
          client.expect("ok here\n");
          return;
        }
        call.ifPresent(it -> it.sendUnlessReset("error no coffee\n".getBytes(US_ASCII)));
        call.ifPresent(Peer::close);
      }
    }
    throw Broken.late(
        "a second call after a pause, while requests of other clients fail",
        "none was made for %,d ms".formatted(most.toMillis()));
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

  /** Checks a lower bound only: on a busy machine everything is later, never earlier. */
  private static void demandAtLeast(Duration time, long since, String what) throws Broken {
    long nanos = System.nanoTime() - since;
    if (nanos < time.toNanos()) {
      throw new Broken(
          "%s of %,d ms".formatted(what, time.toMillis()),
          "it came after %,.1f ms".formatted(nanos / 1e6));
    }
  }

  /** Rule 12.08. */
  static void givesUp(TestContext context) throws Broken, IOException, InterruptedException {
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
}
