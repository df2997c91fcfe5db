package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.answerAll;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.program.LineReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The answer to "all": in the order of the backends, at once, and with those that have failed. */
final class GatherAnswers {

  /** Ways in which a backend fails that has accepted the call. */
  private static final int FAILING = 5;

  private GatherAnswers() {}

  /** Rule 12.01. */
  static void answersInOrder(TestContext context) throws Broken, IOException, InterruptedException {
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
    asksTwice(context);
  }

  /** A backend that the command names twice. */
  private static void asksTwice(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(program(context, NEVER, backend, backend));
    client.send("all tea\n");
    try (Peer one = asked(backend, "tea");
        Peer two = asked(backend, "tea")) {
      one.send("here\n");
      two.send("here\n");
      client.expect("ok here\nok here\n");
    } catch (Broken e) {
      throw e.at("an upstream that is given twice");
    }
  }

  /** Rule 12.18. */
  static void answersAtOnce(TestContext context) throws Broken, IOException, InterruptedException {
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

  /** Rule 12.03. */
  static void failed(TestContext context) throws Broken, IOException, InterruptedException {
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
}
