package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.rules.Section11Relay.IN_TURN;
import static iomodels.conformance.rules.Section11Relay.MOST;
import static iomodels.conformance.rules.Section11Relay.PINGS;
import static iomodels.conformance.rules.Section11Relay.SMALL_WINDOW;
import static iomodels.conformance.rules.Section11Relay.VOLUME;
import static iomodels.conformance.rules.Section11Relay.WINDOW;
import static iomodels.conformance.rules.Section11Relay.together;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a relay holds while a side does not read, and whether it delivers that to the right side.
 */
final class RelayBuffers {

  private static final int STUCK = 6;
  private static final int STALLS = 3;
  private static final int SHARING = 2;

  /** When a receiver begins to read, how much it reads at a time, and how long it waits then. */
  private static final Duration LATE = Duration.ofMillis(200);

  private static final int PIECE = 64 * 1024;
  private static final Duration BETWEEN_PIECES = Duration.ofMillis(1);

  /** Fewer than half of 1,024 descriptors, a common limit, since each client takes two. */
  private static final int CROWD = 220;

  private static final long EACH = 12 * 1024;

  private RelayBuffers() {}

  /** Rule 11.05. */
  static void holdsLittleForUpstream(TestContext context)
      throws Broken, IOException, InterruptedException {
    holdLittle(context, true);
  }

  /** Rule 11.06. */
  static void holdsLittleForClient(TestContext context)
      throws Broken, IOException, InterruptedException {
    holdLittle(context, false);
  }

  private static void holdLittle(TestContext context, boolean fromClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(WINDOW);
    Instance program = context.program(backend);
    holdLittle(context, program, backend, fromClient, false);
    try {
      holdLittle(context, program, backend, fromClient, true);
    } catch (Broken e) {
      throw e.at("after the FIN of %s".formatted(RelayPair.name(!fromClient)));
    }
  }

  /**
   * @param isFinished whether the side that does not read has finished sending
   */
  private static void holdLittle(
      TestContext context,
      Instance program,
      Backend backend,
      boolean fromClient,
      boolean isFinished)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connectWithWindow(program, WINDOW);
    try (Peer upstream = backend.accept()) {
      Peer sender = fromClient ? client : upstream;
      Peer receiver = fromClient ? upstream : client;
      if (isFinished) {
        receiver.finishSending();
        sender.expectFin();
      }
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      long sent =
          HeldBytes.demandFew(
              "a relay", sender, receiver, stream, ProgramConfig.RELAY_BYTES, 2 * Kernel.buffers());
      receiver.expectStream(stream, sent);
      for (int i = 2; i <= STALLS; i++) {
        try {
          long again = sender.sendUntilFull(stream, MOST);
          receiver.expectStream(stream, again);
        } catch (Broken e) {
          throw e.at("when %s reads again, time %d".formatted(RelayPair.name(!fromClient), i));
        }
      }
      sender.send("and on");
      receiver.expect("and on");
    }
  }

  /** Rule 11.10. */
  static void othersGoOn(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(WINDOW);
    Instance program = context.program(backend);
    List<Peer.Step> filling = new ArrayList<>();
    for (int i = 0; i < STUCK; i++) {
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      Peer client = context.connectWithWindow(program, WINDOW);
      Peer sender = new RelayPair(client, backend.accept()).side(i % 2 == 0);
      filling.add(() -> sender.sendUntilFull(stream, MOST));
    }
    together(filling);
    RelayPair other;
    try {
      other = RelayPair.open(context, program, backend);
    } catch (Broken e) {
      throw e.at("beside %d clients that are stuck".formatted(STUCK));
    }
    for (int i = 0; i < PINGS; i++) {
      other.demandForwarding("ping");
    }
  }

  /** Rule 11.17. */
  static void directionsAreIndependent(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(WINDOW);
    Instance program = context.program(backend);
    List<Peer.Step> steps = new ArrayList<>();
    for (boolean fromClient : List.of(true, false)) {
      Peer client = context.connectWithWindow(program, WINDOW);
      RelayPair it = new RelayPair(client, backend.accept());
      Peer.BytePattern stream = Text.stream(context.random().nextInt());
      Peer.BytePattern answer = Text.stream(context.random().nextInt());
      steps.add(() -> answerWhileStuck(it, fromClient, stream, answer));
    }
    together(steps);
  }

  /** A side that does not read sends an answer, to its end, and reads only then. */
  private static void answerWhileStuck(
      RelayPair it, boolean fromClient, Peer.BytePattern stream, Peer.BytePattern answer)
      throws Broken, InterruptedException {
    Peer sender = it.side(fromClient);
    Peer busy = it.side(!fromClient);
    long sent = sender.sendUntilFull(stream, MOST);
    try {
      busy.whileSending(
          () -> {
            busy.sendStream(answer, VOLUME / 4);
            busy.finishSending();
          },
          () -> sender.expectStream(answer, VOLUME / 4));
      sender.expectFin();
    } catch (Broken e) {
      throw e.at("while %s sends, and does not read".formatted(RelayPair.name(!fromClient)));
    }
    busy.expectStream(stream, sent);
    sender.send("and on");
    busy.expect("and on");
    sender.finishSending();
    busy.expectFin();
  }

  /** Rule 11.18. */
  static void deliversBeforeTheFin(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(SMALL_WINDOW);
    Instance program = context.program(backend);
    List<Peer.Step> steps = new ArrayList<>();
    for (long length : List.of(1L, 300_000L, MOST)) {
      for (boolean fromClient : List.of(true, false)) {
        for (boolean isLast : List.of(true, false)) {
          RelayPair it = RelayPair.narrow(context, program, backend);
          Peer.BytePattern stream = Text.stream(context.random().nextInt());
          steps.add(
              () -> deliverLate(it.side(fromClient), it.side(!fromClient), stream, length, isLast));
        }
      }
    }
    together(steps);
    finBehindPendingBytes(context, program, backend);
  }

  /**
   * The FIN arrives when the relay has read everything before it, and has a few bytes that the
   * kernel does not take.
   */
  private static void finBehindPendingBytes(TestContext context, Instance program, Backend backend)
      throws Broken, IOException, InterruptedException {
    List<Peer.Step> steps = new ArrayList<>();
    for (RelayPair.Stuck full : RelayPair.stuck(context, program, backend, SMALL_WINDOW)) {
      OptionalLong given = BlockedServer.given(full.receiver());
      if (given.isEmpty()) {
        return; // Nobody knows how many bytes that are.
      }
      for (int beyond : BlockedServer.BEYOND) {
        RelayPair it = RelayPair.narrow(context, program, backend);
        Peer.BytePattern stream = Text.stream(context.random().nextInt());
        Peer sender = it.side(full.fromClient());
        Peer receiver = it.side(!full.fromClient());
        long length = given.getAsLong() + beyond;
        steps.add(() -> deliverLate(sender, receiver, stream, length, false));
      }
    }
    together(steps);
  }

  /**
   * Sends a stream and FIN to a receiver that reads late.
   *
   * @param isLast whether the receiver has finished before, so that this FIN ends the conversation
   */
  private static void deliverLate(
      Peer sender, Peer receiver, Peer.BytePattern stream, long length, boolean isLast)
      throws Broken, InterruptedException {
    if (isLast) {
      receiver.finishSending();
      sender.expectFin();
    }
    long sent = sender.sendUntilFull(stream, length);
    try {
      sender.finishSending();
      receiver.pause(LATE);
      for (long position = 0; position < sent; position += PIECE) {
        receiver.expectStream(stream.from(position), Math.min(PIECE, sent - position));
        Thread.sleep(BETWEEN_PIECES);
      }
      receiver.expectFin();
      if (!isLast) {
        receiver.send("the reply");
        receiver.finishSending();
        sender.expect("the reply");
        sender.expectFin();
      }
    } catch (Broken e) {
      throw e.at(
          "%,d bytes and FIN to a side that reads late%s"
              .formatted(sent, isLast ? ", after its own FIN" : ""));
    }
  }

  /** Rule 11.20. */
  static void servesACrowd(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backendWithWindow(SMALL_WINDOW);
    Instance program = context.program(backend);
    doNotShareBuffers(context, program, backend);
    keepNothingOfOthers(context, program, backend);
    int count = Math.min(CROWD, context.count(CLIENTS));
    List<Peer.Step> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String place = "client %d of %d".formatted(i + 1, count);
      RelayPair it;
      try {
        it = RelayPair.open(context, program, backend);
      } catch (Broken e) {
        throw e.at(place);
      }
      Peer.BytePattern there = Text.stream(context.random().nextInt());
      Peer.BytePattern back = Text.stream(context.random().nextInt());
      steps.add(
          () -> {
            try {
              it.client()
                  .whileSending(
                      () -> it.client().exchange(there, EACH, back, EACH),
                      () -> it.upstream().exchange(back, EACH, there, EACH));
            } catch (Broken e) {
              throw e.at(place);
            }
          });
    }
    together(steps);
  }

  /** While nobody reads, each buffer of the relay holds a part of what it has read. */
  private static void doNotShareBuffers(TestContext context, Instance program, Backend backend)
      throws Broken, IOException, InterruptedException {
    List<Peer.Step> filling = new ArrayList<>();
    List<Peer.Step> reading = new ArrayList<>();
    for (int i = 0; i < SHARING; i++) {
      RelayPair it = RelayPair.narrow(context, program, backend);
      for (boolean fromClient : List.of(true, false)) {
        Peer.BytePattern stream = Text.stream(context.random().nextInt());
        AtomicLong sent = new AtomicLong();
        filling.add(() -> sent.set(it.side(fromClient).sendUntilFull(stream, MOST)));
        reading.add(() -> it.side(!fromClient).expectStream(stream, sent.get()));
      }
    }
    together(filling);
    try {
      together(reading);
    } catch (Broken e) {
      throw e.at("one of %d clients that begin to read at the same time".formatted(SHARING));
    }
  }

  /**
   * A descriptor has the lowest free number, so a new connection has that of one that was reset.
   */
  private static void keepNothingOfOthers(TestContext context, Instance program, Backend backend)
      throws Broken, IOException, InterruptedException {
    for (RelayPair.Stuck each : RelayPair.stuck(context, program, backend, SMALL_WINDOW)) {
      each.receiver().reset();
      each.sender().expectEnd(context.patience()); // RST, as other rules demand, or FIN.
      for (int i = 0; i < IN_TURN; i++) {
        try {
          RelayPair.open(context, program, backend).demandForwarding("a new client");
        } catch (Broken e) {
          throw e.at("after data was pending for a side that reset");
        }
      }
    }
  }
}
