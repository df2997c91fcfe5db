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
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
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

/** Section 12: one who asks several backends, which are the kit, as is its client. */
final class GatherRules {

  static final List<Rule> ALL =
      List.of(
          rule("12.01", "Ask all at once, and answer in their order.", GatherRules::answersInOrder),
          rule("12.02", "Take a request in any pieces, with CR or without.", GatherRules::pieces),
          rule("12.03", "Say who has failed, however it failed.", GatherRules::failed),
          timed("12.04", "Say at the deadline who is late, and close them.", GatherRules::late),
          rule("12.05", "Answer first with the first good answer.", GatherRules::firstGood),
          rule("12.06", "Close those who were not the first.", GatherRules::closesOthers),
          rule("12.07", "Ask once more, after a pause, if all have failed.", GatherRules::retries),
          rule("12.08", "Give up if all have failed twice.", GatherRules::givesUp),
          timed("12.09", "Say late if none was first by the deadline.", GatherRules::firstLate),
          rule("12.10", "Close all whose client is gone.", GatherRules::cancels),
          rule("12.11", "Answer a client's requests in order, one at a time.", GatherRules::inTurn),
          rule("12.12", "Answer a client that has finished sending.", GatherRules::halfClosed),
          rule("12.13", "Answer others while one waits.", GatherRules::othersGoOn),
          rule("12.14", "Refuse in words what is no request.", GatherRules::refuses),
          new Rule(
              "12.15",
              MUST,
              "Leave nothing open, however a request ends.",
              GATHER,
              Set.of(Need.ALONE, Need.PROCESS),
              GatherRules::leavesNothing),
          rule("12.16", Ending.SENTENCE, GatherRules::ends),
          new Rule(
              "12.17",
              MUST,
              "Close a call that is still connecting at the deadline, and when its client is gone.",
              GATHER,
              Set.of(),
              GatherRules::stopsConnecting));

  /** A deadline that does not come while a rule is tried. */
  private static final Duration NEVER = Duration.ofMinutes(10);

  private static final int MANY = 1_000;
  private static final Duration SOON = Duration.ofMillis(10);
  private static final long BETWEEN_LOOKS_MILLIS = 20;

  private GatherRules() {}

  private static Rule rule(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, GATHER, Set.of(), check);
  }

  /** A machine that stands still for as long as the deadline would make it miss. */
  private static Rule timed(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, GATHER, Set.of(Need.TIMED), check);
  }

  private static Instance program(Trial trial, Duration deadline, Backend... backends)
      throws IOException, InterruptedException {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (Backend each : backends) {
      addresses.add(each.address());
    }
    return trial.program(ProgramConfig.onLoopback(addresses).within(deadline));
  }

  /** A connection on which the question has come. */
  private static Peer asked(Backend backend, String question) throws Broken, IOException {
    Peer peer = backend.accept();
    peer.expect(question + "\n");
    return peer;
  }

  private static void answersInOrder(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Backend third = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, first, second, third));
    client.send("all tea?\n");
    try (Peer one = asked(first, "tea?");
        Peer two = asked(second, "tea?");
        Peer three = asked(third, "tea?")) {
      three.send("three\n");
      two.send("two\r\n");
      client.expectSilence(trial.time(SILENCE));
      one.send("one\n");
      client.expect("ok one\nok two\nok three\n");
      one.expectEnd(trial.time(CLOSE));
    }
  }

  private static void pieces(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, backend));
    for (byte each : "all te".getBytes(US_ASCII)) {
      client.send(new byte[] {each});
    }
    backend.expectNobody(trial.time(SILENCE));
    client.send("a\r\nall cof");
    try (Peer one = asked(backend, "tea")) {
      one.send("o");
      one.send("ne");
      client.expectSilence(trial.time(SILENCE));
      one.send("\n");
      client.expect("ok one\n");
    }
    client.send("fee\n");
    try (Peer one = asked(backend, "coffee")) {
      one.send("two\nand more\n");
      client.expect("ok two\n");
    }
  }

  private static void failed(Trial trial) throws Broken, IOException, InterruptedException {
    Backend[] backends = {
      trial.refusingBackend(), trial.backend(), trial.backend(), trial.backend(), trial.backend()
    };
    Backend last = trial.backend();
    Peer client =
        trial.connect(
            program(
                trial,
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
      babbles.expectEnd(trial.time(CLOSE));
    }
  }

  private static void late(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline();
    Peer client = trial.connect(program(trial, deadline, first, second));
    long before = System.nanoTime();
    client.send("all tea\n");
    try (Peer silent = asked(first, "tea");
        Peer good = asked(second, "tea")) {
      good.send("here\n");
      client.expect("late\nok here\n");
      demandAtLeast(deadline, before, "the deadline");
      silent.expectEnd(trial.time(CLOSE));
    }
  }

  /** A busy machine makes it later, never earlier. */
  private static void demandAtLeast(Duration time, long since, String what) throws Broken {
    long nanos = System.nanoTime() - since;
    if (nanos < time.toNanos()) {
      throw new Broken(
          "%s of %,d ms".formatted(what, time.toMillis()),
          "it came after %,.1f ms".formatted(nanos / 1e6));
    }
  }

  private static void firstGood(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, first, second, trial.refusingBackend()));
    client.send("first tea\n");
    try (Peer slow = asked(first, "tea");
        Peer bad = asked(second, "tea")) {
      bad.send("error no tea\n");
      client.expectSilence(trial.time(SILENCE));
      slow.send("here\n");
      client.expect("ok here\n");
    }
  }

  private static void closesOthers(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Backend third = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, first, second, third));
    client.send("first tea\n");
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea");
        Peer three = asked(third, "tea")) {
      two.send("here\n");
      client.expect("ok here\n");
      one.expectEnd(trial.time(CLOSE));
      three.expectEnd(trial.time(CLOSE));
    }
    client.send("first coffee\n");
    try (Peer one = asked(first, "coffee")) {
      one.send("there\n");
      client.expect("ok there\n");
    }
  }

  private static void retries(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, first, second));
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

  private static void givesUp(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, backend));
    client.send("first tea\n");
    for (int i = 0; i < 2; i++) {
      try (Peer one = asked(backend, "tea")) {
        one.send("error no tea\n");
      }
    }
    client.expect("failed\n");
    backend.expectNobody(trial.time(SILENCE));
  }

  private static void firstLate(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline();
    Peer client = trial.connect(program(trial, deadline, first, second));
    long before = System.nanoTime();
    client.send("first tea\n");
    try (Peer one = asked(first, "tea");
        Peer two = asked(second, "tea")) {
      two.send("error no tea\n");
      client.expect("late\n");
      demandAtLeast(deadline, before, "the deadline");
      one.expectEnd(trial.time(CLOSE));
    }
  }

  private static void cancels(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Instance program = program(trial, NEVER, first, second);
    for (String kind : List.of("all", "first")) {
      Peer client = trial.connect(program);
      client.send(kind + " tea\n");
      try (Peer one = asked(first, "tea");
          Peer two = asked(second, "tea")) {
        client.reset();
        one.expectEnd(trial.time(CLOSE));
        two.expectEnd(trial.time(CLOSE));
      }
    }
  }

  private static void inTurn(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, backend));
    client.send("all one\nfirst two\nall three\n");
    for (String question : List.of("one", "two", "three")) {
      try (Peer one = asked(backend, question)) {
        backend.expectNobody(trial.time(SILENCE));
        one.send("answer to " + question + "\n");
        client.expect("ok answer to " + question + "\n");
      }
    }
  }

  private static void halfClosed(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Peer client = trial.connect(program(trial, NEVER, backend));
    client.send("all one\nall two\n");
    client.finishSending();
    for (String question : List.of("one", "two")) {
      try (Peer one = asked(backend, question)) {
        client.expectSilence(trial.time(SILENCE));
        one.send("here\n");
        client.expect("ok here\n");
      }
    }
    client.expectFin();
  }

  private static void othersGoOn(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = program(trial, NEVER, backend);
    Peer waits = trial.connect(program);
    waits.send("all tea\n");
    try (Peer slow = asked(backend, "tea")) {
      for (int i = 0; i < 100; i++) {
        Peer client = trial.connect(program);
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

  private static void refuses(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = program(trial, NEVER, backend);
    for (String nonsense : List.of("some tea\n", "all\n", "\n", "ALL tea\r\n")) {
      Peer client = trial.connect(program);
      client.send(nonsense + "all tea\n");
      client.expect("error expected all or first\n");
      client.expectFin();
    }
    Peer babbler = trial.connect(program);
    babbler.send("all " + "x".repeat(2 * LineReader.MAX_BYTES));
    babbler.expect("error line too long\n");
    babbler.expectFin();
    backend.expectNobody(trial.time(SILENCE));
  }

  private static void ends(Trial trial) throws Broken, IOException, InterruptedException {
    Backend backend = trial.backend();
    Instance program = program(trial, NEVER, backend);
    trial.connect(program);
    Peer waits = trial.connect(program);
    waits.send("all tea\n".repeat(MANY));
    asked(backend, "tea");
    Peer gone = trial.connect(program);
    gone.send("all coffee\n".repeat(MANY));
    asked(backend, "coffee");
    gone.reset();
    Ending.demand(trial, program);
  }

  private static void stopsConnecting(Trial trial)
      throws Broken, IOException, InterruptedException {
    Backend full = trial.fullBackend();
    Backend other = trial.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline();
    Peer client = trial.connect(program(trial, deadline, full));
    for (String kind : List.of("all", "first")) {
      // The second request starts when the deadline has ended the first.
      client.send((kind + " tea\n").repeat(2));
      client.expect("late\n".repeat(2));
      demandConnecting(trial, full, 0, "at the deadline");
    }
    Instance patient = program(trial, NEVER, full, other);
    for (String kind : List.of("all", "first")) {
      Peer waits = trial.connect(patient);
      waits.send(kind + " tea\n");
      try (Peer one = asked(other, "tea")) {
        Peer served = trial.connect(patient);
        served.send("first coffee\n");
        try (Peer two = asked(other, "coffee")) {
          two.send("here\n");
          served.expect("ok here\n");
        }
        demandConnecting(trial, full, 1, "when another has answered first");
        waits.reset();
        one.expectEnd(trial.time(CLOSE));
      }
      demandConnecting(trial, full, 0, "when the client is gone");
    }
  }

  /** So many sockets still send SYN to it, soon, where the kernel tells that. */
  private static void demandConnecting(Trial trial, Backend full, long wanted, String when)
      throws Broken, IOException, InterruptedException {
    if (!Kernel.tellsConnecting()) {
      trial.note("cannot see who is connecting: there is no /proc/net/tcp");
      return;
    }
    int port = full.address().getPort();
    long deadline = System.nanoTime() + trial.time(CLOSE).toNanos();
    long now = Kernel.connecting(port);
    while (now != wanted && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS_MILLIS);
      now = Kernel.connecting(port);
    }
    if (now > wanted) {
      throw new Broken(
          "%d calls that are still connecting %s".formatted(wanted, when),
          "there are %d after %,d ms (SYN-SENT)".formatted(now, trial.time(CLOSE).toMillis()));
    }
    trial.note("sees %d calls that are still connecting %s".formatted(now, when));
  }

  private static void leavesNothing(Trial trial) throws Broken, IOException, InterruptedException {
    Backend first = trial.backend();
    Backend second = trial.backend();
    Backend refusing = trial.refusingBackend();
    Instance program = program(trial, NEVER, first, second, refusing);
    Backend slow = trial.backend();
    Instance hasty = program(trial, SOON, slow);
    Leftovers.demandNone(
        trial,
        List.of(program, hasty),
        trial.count(CLOSES) / 4,
        () -> {
          Peer gone = trial.connect(program);
          gone.send("all tea\n");
          try (Peer one = asked(first, "tea");
              Peer two = asked(second, "tea")) {
            two.send("here\n");
            gone.reset();
            one.expectEnd(trial.time(CLOSE));
          }
          try (Peer client = trial.connect(program)) {
            client.send("first tea\n");
            try (Peer one = asked(first, "tea");
                Peer two = asked(second, "tea")) {
              two.send("here\n");
              client.expect("ok here\n");
              one.expectEnd(trial.time(CLOSE));
            }
          }
          try (Peer client = trial.connect(hasty)) {
            client.send("all tea\n");
            client.expect("late\n");
          }
          slow.dismissAll(); // There may be none: so soon is the deadline.
        });
  }
}
