package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section11Relay.MOST;
import static iomodels.conformance.rules.Section11Relay.SMALL_WINDOW;
import static iomodels.conformance.rules.Section11Relay.VOLUME;
import static iomodels.conformance.rules.Section11Relay.together;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Whether a relay forwards all bytes and both FINs, at once and after any silence. */
final class RelayForwarding {

  private static final int OCTETS = 256;

  /** Pairs of small writes in each direction. */
  private static final int PAIRS = 21;

  /** Less than the kernel delays an acknowledgement at least. */
  private static final Duration NAGLE = Duration.ofMillis(30);

  /** A relay that waits for more, or for an acknowledgement, takes longer each time. */
  private static final Duration AT_ONCE = Duration.ofMillis(60);

  private static final List<Integer> BUFFER_SIZES =
      List.of(512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536);

  private RelayForwarding() {}

  /** Rule 11.01. */
  static void carries(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      Peer.BytePattern there = Text.stream(context.random().nextInt());
      Peer.BytePattern back = Text.stream(context.random().nextInt());
      client.whileSending(
          () -> client.exchange(there, VOLUME, back, VOLUME),
          () -> upstream.exchange(back, VOLUME, there, VOLUME));
    }
  }

  /** Rule 11.02. */
  static void greets(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      upstream.send("220 ready\r\n");
      client.expect("220 ready\r\n");
      client.send("HELO\r\n");
      upstream.expect("HELO\r\n");
    }
  }

  /** Rule 11.03. */
  static void clientHalfCloses(TestContext context)
      throws Broken, IOException, InterruptedException {
    halfClose(context, true);
  }

  /** Rule 11.04. */
  static void upstreamHalfCloses(TestContext context)
      throws Broken, IOException, InterruptedException {
    halfClose(context, false);
  }

  private static void halfClose(TestContext context, boolean byClient)
      throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    Peer client = context.connect(context.program(backend));
    try (Peer upstream = backend.accept()) {
      Peer first = byClient ? client : upstream;
      Peer second = byClient ? upstream : client;
      first.send("last words");
      first.finishSending();
      second.expect("last words");
      second.expectFin();
      first.expectSilence(context.time(SILENCE));
      Peer.BytePattern reply = Text.stream(context.random().nextInt());
      second.whileSending(
          () -> {
            second.sendStream(reply, VOLUME);
            second.finishSending();
          },
          () -> first.expectStream(reply, VOLUME));
      first.expectFin();
    }
  }

  /** Rule 11.15. */
  static void forwardsAtOnce(TestContext context) throws Broken, IOException, InterruptedException {
    Backend backend = context.backend();
    RelayPair it = RelayPair.open(context, context.program(backend), backend);
    long[] nanos = new long[OCTETS];
    for (int octet = 0; octet < OCTETS; octet++) {
      long begin = System.nanoTime();
      demandBothWays(it, new byte[] {(byte) octet});
      nanos[octet] = System.nanoTime() - begin;
    }
    Arrays.sort(nanos);
    Duration limit = context.limit(AT_ONCE);
    if (nanos[OCTETS / 2] > limit.toNanos()) {
      throw Broken.late(
          "a byte to be forwarded there and back within %,d ms (median of %d)"
              .formatted(limit.toMillis(), OCTETS),
          "it took %,.1f ms".formatted(nanos[OCTETS / 2] / 1e6));
    }
    for (int size : BUFFER_SIZES) {
      for (int length = size - 1; length <= size + 1; length++) {
        demandBothWays(it, Text.noise(context.random(), length));
      }
    }
    for (boolean fromClient : List.of(true, false)) {
      demandWithoutNagle(it.side(fromClient), it.side(!fromClient));
    }
  }

  /**
   * Demands that the second of two small writes is not held back until the receiver acknowledges
   * the first, which takes 40 ms while the receiver answers each pair. A busy machine delays the
   * first one as well.
   */
  private static void demandWithoutNagle(Peer sender, Peer receiver) throws Broken {
    long[] first = new long[PAIRS];
    long[] second = new long[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
      first[i] = forwarding(sender, receiver);
      second[i] = forwarding(sender, receiver);
      forwarding(receiver, sender);
    }
    Arrays.sort(first);
    Arrays.sort(second);
    long extra = second[PAIRS / 4] - first[PAIRS / 4];
    if (extra > NAGLE.toNanos()) {
      throw Broken.late(
          "the second of two small writes to be forwarded as soon as the first, but for %,d ms"
                  .formatted(NAGLE.toMillis())
              + " (first quartile of %d)".formatted(PAIRS),
          "it took %,.1f ms more, as with Nagle's algorithm".formatted(extra / 1e6));
    }
  }

  private static long forwarding(Peer from, Peer to) throws Broken {
    long begin = System.nanoTime();
    from.send("x");
    to.expect("x");
    return System.nanoTime() - begin;
  }

  private static void demandBothWays(RelayPair it, byte[] bytes) throws Broken {
    for (boolean fromClient : List.of(true, false)) {
      try {
        it.side(fromClient).send(bytes);
        it.side(!fromClient).expect(bytes);
      } catch (Broken e) {
        throw e.at("%,d bytes of %s".formatted(bytes.length, RelayPair.name(fromClient)));
      }
    }
  }

  /** Rule 11.19. All conversations are silent at the same time. */
  static void keepsSilentOnes(TestContext context)
      throws Broken, IOException, InterruptedException {
    Duration silence = Timing.longSilence(context);
    Backend backend = context.backendWithWindow(SMALL_WINDOW);
    Instance program = context.program(backend);
    RelayPair unused = RelayPair.open(context, program, backend);
    RelayPair used = RelayPair.open(context, program, backend);
    used.demandForwarding("before");
    RelayPair asked = RelayPair.open(context, program, backend);
    asked.client().send("a question");
    asked.client().finishSending();
    asked.upstream().expect("a question");
    asked.upstream().expectFin();
    RelayPair told = RelayPair.open(context, program, backend);
    told.upstream().send("a greeting");
    told.upstream().finishSending();
    told.client().expect("a greeting");
    told.client().expectFin();
    RelayPair stuck = RelayPair.narrow(context, program, backend);
    RelayPair late = RelayPair.narrow(context, program, backend);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long[] sent = new long[2];
    long begun = System.nanoTime();
    after(
        silence,
        "while a side does not read",
        () ->
            together(
                List.of(
                    () -> sent[0] = stuck.upstream().sendUntilFull(stream, MOST),
                    () -> sent[1] = late.client().sendUntilFull(stream, MOST))));
    late.client().finishSending();
    // The conversations in which a side does not read are silent for a little less.
    Duration left = silence.minusNanos(System.nanoTime() - begun);
    after(silence, "of a client that has sent nothing", () -> unused.client().expectSilence(left));
    after(silence, "of a client that has sent nothing", () -> unused.demandForwarding("at last"));
    after(silence, "of both sides", () -> used.demandForwarding("after"));
    after(
        silence,
        "after the client's FIN",
        () -> {
          asked.upstream().send("the answer");
          asked.client().expect("the answer");
          asked.upstream().finishSending();
          asked.client().expectFin();
        });
    after(
        silence,
        "after the upstream's FIN",
        () -> {
          told.client().send("thanks");
          told.upstream().expect("thanks");
          told.client().finishSending();
          told.upstream().expectFin();
        });
    together(
        List.of(
            () ->
                after(
                    silence,
                    "while the client did not read",
                    () -> {
                      stuck.client().expectStream(stream, sent[0]);
                      stuck.demandForwarding("and on");
                    }),
            () ->
                after(
                    silence,
                    "while the upstream did not read, after the client's FIN",
                    () -> {
                      late.upstream().expectStream(stream, sent[1]);
                      late.upstream().expectFin();
                      late.upstream().send("the answer");
                      late.client().expect("the answer");
                    })));
  }

  static void after(Duration silence, String whose, Peer.Step step)
      throws Broken, InterruptedException {
    try {
      step.run();
    } catch (Broken e) {
      throw e.at("%,d ms of silence %s".formatted(silence.toMillis(), whose));
    }
  }
}
