package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.rules.Section11Relay.CHUNK;
import static iomodels.conformance.rules.Section11Relay.MOST;
import static iomodels.conformance.rules.Section11Relay.OBSERVATION;
import static iomodels.conformance.rules.Section11Relay.WINDOW;
import static iomodels.conformance.rules.Section11Relay.together;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.meter.Costs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** How a relay forwards resets, releases what conversations used, and ends. */
final class RelayEndings {

  /** Enough to find a fault that shows in one of fifty resets, in all but one of 400 runs. */
  private static final int RESETS = 300;

  /** Each of the ways to end is repeated more often than descriptors may be left. */
  private static final int ENDINGS = 16;

  private static final int AT_ONCE = 4;

  private RelayEndings() {}

  /** Rule 11.08. */
  static void upstreamResets(TestContext context) throws Broken, IOException, InterruptedException {
    resets(context, false);
  }

  /** Rule 11.09. */
  static void clientResets(TestContext context) throws Broken, IOException, InterruptedException {
    resets(context, true);
    RelayConnecting.resetsBeforeTheUpstreamAccepts(context);
  }

  /** Resets in each state of a conversation. */
  private static void resets(TestContext context, boolean byClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(WINDOW);
    Instance program = context.program(backend);

    RelayPair open = RelayPair.open(context, program, backend);
    open.demandForwarding("a question");
    demandReset(context, open, byClient, "");

    RelayPair otherFinished = RelayPair.open(context, program, backend);
    otherFinished.side(!byClient).finishSending();
    otherFinished.side(byClient).expectFin();
    demandReset(context, otherFinished, byClient, "after the FIN of " + RelayPair.name(!byClient));

    RelayPair stuck = RelayPair.open(context, program, backend);
    stuck.side(!byClient).sendUntilFull(Text.stream(context.random().nextInt()), MOST);
    demandReset(
        context, stuck, byClient, "while %s does not read".formatted(RelayPair.name(byClient)));

    // The reader of the other direction has seen FIN; only a write tells that the peer is gone.
    RelayPair finished = RelayPair.open(context, program, backend);
    finished.side(byClient).send("all");
    finished.side(byClient).finishSending();
    finished.side(!byClient).expect("all");
    finished.side(!byClient).expectFin();
    finished.side(byClient).reset();
    try {
      finished.side(!byClient).expectSendingFails();
    } catch (Broken e) {
      throw e.at("after FIN and RST of " + RelayPair.name(byClient));
    }
    resetsWhileStuck(context, program, backend, byClient);
  }

  /**
   * Resets a side that has not read what the other one sent, so that the relay has stopped reading
   * from that one. In the first two cases only the write that waits meets the reset.
   */
  private static void resetsWhileStuck(
      TestContext context, Instance program, Backend backend, boolean byClient)
      throws Broken, IOException, InterruptedException {
    String one = RelayPair.name(byClient);
    String other = RelayPair.name(!byClient);
    RelayPair bothWays = RelayPair.open(context, program, backend);
    RelayPair finished = RelayPair.open(context, program, backend);
    finish(finished, byClient);
    RelayPair finishes = RelayPair.open(context, program, backend);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    together(
        List.of(
            () -> bothWays.client().sendUntilFull(stream, MOST),
            () -> bothWays.upstream().sendUntilFull(stream, MOST),
            () -> finished.side(!byClient).sendUntilFull(stream, MOST),
            () -> {
              finishes.side(!byClient).sendUntilFull(stream, MOST);
              finishes.side(!byClient).finishSending();
            }));
    for (RelayPair each : List.of(bothWays, finished, finishes)) {
      each.side(byClient).reset();
    }
    try {
      bothWays.side(!byClient).expectSendingFails();
    } catch (Broken e) {
      throw e.at("RST of %s while neither side reads".formatted(one));
    }
    try {
      finished.side(!byClient).expectSendingFails();
    } catch (Broken e) {
      throw e.at("RST of %s, which has finished and does not read".formatted(one));
    }
    try {
      finishes.side(!byClient).expectReset(context.patience());
    } catch (Broken e) {
      throw e.at(
          "RST of %s, which has not read what came before the FIN of %s".formatted(one, other));
    }
  }

  private static void demandReset(TestContext context, RelayPair it, boolean byClient, String when)
      throws Broken, IOException {
    try {
      it.side(byClient).send("half of an ans");
      it.side(!byClient).expect("half of an ans");
      it.side(byClient).reset();
      it.side(!byClient).expectReset(context.patience());
    } catch (Broken e) {
      throw when.isEmpty() ? e : e.at(when);
    }
  }

  /**
   * Rule 11.13. In each round, one side resets while the other sends. A relay that writes to the
   * first side in one thread, and reads from it in another, gets the error in only one of them.
   */
  static void carriesEachReset(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(WINDOW);
    Instance program = context.program(backend);
    byte[] chunk = new byte[CHUNK];
    for (int i = 0; i < RESETS; i++) {
      try (Peer client = context.connect(program);
          Peer upstream = backend.accept()) {
        boolean byClient = i % 2 == 0;
        Peer resetting = byClient ? client : upstream;
        Peer other = byClient ? upstream : client;
        resetting.send(chunk);
        other.expect(chunk);
        if (context.random().nextBoolean()) {
          other.send(chunk);
        }
        resetting.reset();
        // A send that fails is a reset as well; a read then does not report it.
        if (other.sendUnlessReset(chunk)) {
          other.expectResetAfterAll();
        }
      }
    }
    // With data that waits in the relay, which sees the reset only behind it.
    for (RelayPair.Stuck each : RelayPair.stuck(context, program, backend, WINDOW)) {
      each.sender().reset();
      try {
        each.receiver().expectResetAfterAll();
      } catch (Broken e) {
        throw e.at(
            "%s reset while %s did not read"
                .formatted(RelayPair.name(each.fromClient()), RelayPair.name(!each.fromClient())));
      }
    }
  }

  /** Rule 11.12. */
  static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(WINDOW);
    Instance program = context.program(backend);
    RelayPair.open(context, program, backend);
    for (boolean byClient : List.of(true, false)) {
      RelayPair finished = RelayPair.open(context, program, backend);
      finished.side(byClient).finishSending();
      finished.side(!byClient).expectFin();
    }
    RelayPair.stuck(context, program, backend, WINDOW);
    Shutdown.demand(context, program);
  }

  /** A way in which conversations with a relay end. */
  private record Ending(String how, Instance relay, ResourceLeaks.Conversations conversation) {}

  /**
   * Rule 11.11. Ends conversations in every order, repeatedly, and counts descriptors and threads.
   * Whether a reset is forwarded as one is the matter of other rules.
   */
  static void leavesNothing(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Instance program = context.program(backend);
    Instance refusing = context.program(context.refusingBackend());
    Backend unwatched = context.backend();
    Instance early = context.program(unwatched);
    List<Ending> endings = new ArrayList<>();
    for (boolean client : List.of(true, false)) {
      String one = RelayPair.name(client);
      String other = RelayPair.name(!client);
      endings.add(
          new Ending(
              "FIN of %s, then of %s".formatted(one, other),
              program,
              () -> {
                RelayPair it = RelayPair.open(context, program, backend);
                finish(it, client);
                finish(it, !client);
                close(it);
              }));
      endings.add(
          new Ending(
              "RST of %s".formatted(one),
              program,
              () -> {
                RelayPair it = RelayPair.open(context, program, backend);
                it.side(client).reset();
                it.side(!client).expectEnd(context.patience());
                close(it);
              }));
      endings.add(
          new Ending(
              "FIN of %s, then RST of %s".formatted(one, other),
              program,
              () -> {
                RelayPair it = RelayPair.open(context, program, backend);
                finish(it, client);
                it.side(!client).reset();
                it.side(client).expectEnd(context.patience());
                close(it);
              }));
      endings.add(
          new Ending(
              "FIN of %s, then its RST".formatted(one),
              program,
              () -> {
                RelayPair it = RelayPair.open(context, program, backend);
                finish(it, client);
                it.side(client).reset();
                it.side(!client).expectSendingFails();
                close(it);
              }));
      endings.add(
          new Ending(
              "close of %s, which has not read everything".formatted(one),
              program,
              () -> {
                RelayPair it = RelayPair.open(context, program, backend);
                it.side(!client).send("a question");
                it.side(client).expect("a quest");
                it.side(client).close();
                it.side(!client).expectSendingFails();
                close(it);
              }));
    }
    endings.add(
        new Ending(
            "FIN of both at once", program, () -> finishBothAtOnce(context, program, backend)));
    endings.add(
        new Ending(
            "RST of both at once",
            program,
            () -> {
              RelayPair it = RelayPair.open(context, program, backend);
              it.client().reset();
              it.upstream().reset();
            }));
    endings.add(
        new Ending(
            "a refused connection",
            refusing,
            () -> context.expectEnd(refusing, context.patience())));
    endings.add(
        new Ending(
            "RST of a client before it is connected",
            early,
            () -> {
              context.connect(early).reset();
              unwatched.closePending(); // A relay that sends FIN waits for the upstream's.
            }));
    List<Instance> programs = List.of(program, refusing, early);
    AtomicInteger calls = new AtomicInteger();
    ResourceLeaks.demandNone(
        context,
        programs,
        1,
        () -> {
          boolean warm = calls.incrementAndGet() > ResourceLeaks.WARM_UP;
          int least = context.count(DESCRIPTORS) * 3 / 2;
          int times = warm ? Math.max(least, context.count(CLOSES) / ENDINGS / 2) : 1;
          for (Ending each : endings) {
            demandNothingLeft(context, each, times);
          }
        });
    ErrorOutput.demandLittleWhileClientsReset(
        context,
        program,
        () -> {
          RelayPair it = RelayPair.open(context, program, backend);
          it.demandForwarding("before a reset");
          it.client().reset();
          it.upstream().expectEnd(context.patience());
          close(it);
        });
  }

  private static void finish(RelayPair it, boolean byClient) throws Broken {
    it.side(byClient).finishSending();
    it.side(!byClient).expectFin();
  }

  /** While the relay handles one pair, both FINs of the next ones arrive. */
  private static void finishBothAtOnce(TestContext context, Instance program, Backend backend)
      throws Broken, IOException {
    List<RelayPair> pairs = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      pairs.add(RelayPair.open(context, program, backend));
    }
    for (RelayPair each : pairs) {
      each.client().finishSending();
      each.upstream().finishSending();
    }
    for (RelayPair each : pairs) {
      each.client().expectFin();
      each.upstream().expectFin();
      close(each);
    }
  }

  private static void close(RelayPair it) {
    it.client().close();
    it.upstream().close();
  }

  private static void demandNothingLeft(TestContext context, Ending ending, int times)
      throws Broken, IOException, InterruptedException {
    CostMeter meter = context.meter(ending.relay);
    int more = context.count(DESCRIPTORS);
    Costs before = meter.now();
    try {
      for (int i = 0; i < times; i++) {
        ending.conversation.hold();
      }
      if (times > more) {
        Reading descriptors = () -> meter.now().descriptors();
        Reading threads = () -> meter.now().threads();
        demandAtMost(context, before.descriptors() + more, "descriptors", descriptors, ending);
        demandAtMost(context, before.threads() + more, "threads", threads, ending);
      }
    } catch (Broken e) {
      throw e.at(ending.how);
    }
  }

  /** A number that the kit can read again and again. */
  private interface Reading {
    long now() throws IOException;
  }

  /**
   * On a busy machine a relay may close late. But if it has served a further conversation, and the
   * number has not become smaller meanwhile, it is not late.
   */
  private static void demandAtMost(
      TestContext context, long most, String what, Reading reading, Ending ending)
      throws Broken, IOException, InterruptedException {
    ResourceLeaks.Counter counter = () -> OptionalLong.of(reading.now());
    try {
      ResourceLeaks.awaitAtMost(most, what, counter, context.patience());
    } catch (Broken late) {
      long before = reading.now();
      ending.conversation.hold();
      TimeUnit.MILLISECONDS.sleep(OBSERVATION.toMillis());
      long after = reading.now();
      if (after < before || after <= most) {
        throw late;
      }
      throw new Broken(
          "at most %d %s after all clients have left".formatted(most, what),
          "there are %d, and do not become fewer".formatted(after));
    }
  }
}
