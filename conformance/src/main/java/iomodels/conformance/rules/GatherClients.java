package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLOSE;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Many clients of gather: at the same time, and one after another. */
final class GatherClients {

  /** More pauses, one after another, than fit into {@link iomodels.conformance.Bound#CLOSE}. */
  private static final int PAUSING = 40;

  /** With two backends, a program needs three descriptors for each of them. */
  private static final int ASKING = 270;

  /** As many as fit into the accept queue of a backend. */
  private static final int WAVE = 25;

  private static final int FIRST_EVERY = 5;
  private static final int LONG = 50;
  private static final int SHOWN = 32;
  private static final int RESETS = 5;

  private GatherClients() {}

  /** Rule 12.13. */
  static void othersGoOn(TestContext context) throws Broken, IOException, InterruptedException {
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
        } catch (Broken e) {
          throw e.at("while the answer to another client is pending");
        }
        client.close();
      }
      slow.send("at last\n");
      waits.expect("ok at last\n");
    }
    pauseTogether(context, backend, program);
  }

  private static void pauseTogether(TestContext context, Backend backend, Instance program)
      throws Broken, IOException {
    List<Peer> failing = new ArrayList<>();
    try {
      for (int i = 0; i < PAUSING; i++) {
        context.connect(program).send("first tea\n");
        failing.add(asked(backend, "tea"));
      }
    } catch (Broken e) {
      throw e.at(atTheSameTime(failing.size() + 1));
    }
    for (Peer each : failing) {
      each.send("error not yet\n");
      each.close();
    }
    long failed = System.nanoTime();
    Peer other = context.connect(program);
    other.send("first coffee\n");
    Duration most = context.time(CLOSE);
    for (int i = 0; i <= PAUSING; i++) {
      Duration left = most.minusNanos(System.nanoTime() - failed);
      if (left.isNegative() || backend.acceptWithin(left).isEmpty()) {
        throw Broken.late(
            "%d clients to pause at the same time, and one more to be served meanwhile: %d calls"
                    .formatted(PAUSING, PAUSING + 1)
                + " within %,d ms".formatted(most.toMillis()),
            "%d were made".formatted(i));
      }
    }
  }

  /** What a backend is going to answer. */
  private record Answer(Peer call, String text) {}

  /** Rule 12.23. Two clients each ask the same question. */
  static void manyAsk(TestContext context) throws Broken, IOException, InterruptedException {
    int clients = Math.min(context.count(CLIENTS), ASKING);
    takesThePlaceOfAnother(context);
    asksTheSame(context);
    List<Backend> backends = List.of(context.backend(), context.backend());
    Instance program = program(context, NEVER, backends.toArray(Backend[]::new));
    List<Peer> asking = new ArrayList<>();
    List<Answer> answers = new ArrayList<>();
    for (int begun = 0; begun < clients; begun += WAVE) {
      int wave = Math.min(WAVE, clients - begun);
      try {
        for (int i = begun; i < begun + wave; i++) {
          Peer client = context.connect(program);
          client.send((isFirst(i) ? "first " : "all ") + question(i) + "\n");
          asking.add(client);
        }
        for (int b = 0; b < backends.size(); b++) {
          for (int i = 0; i < wave; i++) {
            Peer call = backends.get(b).accept();
            answers.add(new Answer(call, "%s, says %d\n".formatted(call.line(), b)));
          }
        }
      } catch (Broken e) {
        throw e.at(atTheSameTime(begun + wave));
      }
    }
    Collections.shuffle(answers, context.random());
    for (Answer each : answers) {
      each.call.sendUnlessReset(each.text.getBytes(US_ASCII)); // "first" may have ended it.
    }
    try {
      for (int i = 0; i < clients; i++) {
        demandOwnAnswer(asking.get(i), i);
      }
    } catch (Broken e) {
      throw e.at(atTheSameTime(clients));
    }
  }

  private static String atTheSameTime(int clients) {
    return "%d clients ask at the same time".formatted(clients);
  }

  /** A client connects as another one resets, and may get the number of its descriptor. */
  private static void takesThePlaceOfAnother(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    for (int i = 0; i < RESETS; i++) {
      Peer gone = context.connect(program);
      gone.send("all old %d\n".formatted(i));
      try (Peer old = asked(backend, "old %d".formatted(i))) {
        gone.reset();
        Peer client = context.connect(program);
        client.send("all new %d\n".formatted(i));
        try (Peer call = asked(backend, "new %d".formatted(i))) {
          old.sendUnlessReset("to the old client\n".getBytes(US_ASCII));
          call.send("to the new client\n");
          client.expect("ok to the new client\n");
        }
        client.close();
      }
    }
  }

  /** Two clients ask the same question, and one of them leaves before the answer. */
  private static void asksTheSame(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = program(context, NEVER, backend);
    for (boolean olderLeaves : List.of(true, false)) {
      Peer older = context.connect(program);
      older.send("all the same\n");
      try (Peer olderCall = asked(backend, "the same")) {
        Peer younger = context.connect(program);
        younger.send("all the same\n");
        try (Peer youngerCall = asked(backend, "the same")) {
          Peer stays = olderLeaves ? younger : older;
          (olderLeaves ? older : younger).reset();
          // Its call ends when the program has noticed; rule 12.10 demands that.
          (olderLeaves ? olderCall : youngerCall).endsWithoutData(context.time(CLOSE));
          (olderLeaves ? youngerCall : olderCall).sendUnlessReset("here\n".getBytes(US_ASCII));
          stays.expect("ok here\n");
          stays.close();
        }
      } catch (Broken e) {
        throw e.at("a client that asked the same as one that has left");
      }
    }
  }

  private static void demandOwnAnswer(Peer client, int i) throws Broken {
    String one = "ok %s, says 0\n".formatted(question(i));
    String two = "ok %s, says 1\n".formatted(question(i));
    if (!isFirst(i)) {
      client.expect(one + two);
      return;
    }
    String answer = client.line() + "\n";
    if (!answer.equals(one) && !answer.equals(two)) {
      throw new Broken(
          "an answer to \"first %s\"".formatted(shortened(question(i))),
          "got \"%s\"".formatted(shortened(answer.strip())));
    }
  }

  private static String shortened(String line) {
    return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…";
  }

  private static boolean isFirst(int client) {
    return client % FIRST_EVERY == 0;
  }

  /** Returns a long question, so that a part of another one is noticed. */
  private static String question(int client) {
    int number = client / 2;
    return "question %d".formatted(number) + ", %d".formatted(number).repeat(LONG);
  }
}
