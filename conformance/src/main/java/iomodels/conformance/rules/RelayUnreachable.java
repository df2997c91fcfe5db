package iomodels.conformance.rules;

import static iomodels.conformance.rules.RelayConnecting.LONG_DEADLINE;
import static iomodels.conformance.rules.Section11Relay.IN_TURN;
import static iomodels.conformance.rules.Section11Relay.together;
import static java.nio.charset.StandardCharsets.US_ASCII;

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
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** How a relay resets the clients of an upstream that it cannot reach, whatever they do. */
final class RelayUnreachable {

  /** What a client does while the relay connects. */
  private enum Conduct {
    SILENT("a client that sends nothing", false, false),
    SENDING("a client that sends data", true, false),
    ENDING("a client that sends data and FIN", true, true),
    FINISHING("a client that sends FIN alone", false, true);

    private final String noun;
    private final boolean sends;
    private final boolean finishes;

    Conduct(String noun, boolean sends, boolean finishes) {
      this.noun = noun;
      this.sends = sends;
      this.finishes = finishes;
    }

    /** Returns whether the connection is still open: the relay may have reset it. */
    boolean begin(Peer client) {
      return (!sends || client.sendUnlessReset("a question".getBytes(US_ASCII)))
          && (!finishes || client.finishSendingUnlessReset());
    }
  }

  private static final String TRICKLING = "a client that sends a byte now and then";

  /** Clients of each conduct that wait for the deadline, and as many that leave before it. */
  private static final int OF_EACH = 4;

  /** In parts of the deadline, how often a client sends a byte. */
  private static final int BYTES = 5;

  private static final long POLL_INTERVAL_MILLIS = 50;

  private RelayUnreachable() {}

  /** Rule 11.07: the upstream refuses at once, or when the kernel tries again to connect. */
  static void refused(TestContext context) throws Broken, IOException, InterruptedException {
    Backend vanishing = context.fullBackend();
    Instance connecting =
        context.program(
            ProgramConfig.onLoopback(List.of(vanishing.address())).within(LONG_DEADLINE));
    List<Peer.Step> resets = new ArrayList<>();
    for (Conduct each : Conduct.values()) {
      Peer client = context.connect(connecting);
      if (each.begin(client)) {
        resets.add(
            () -> demandReset(client, context.patience(), each.noun + " before the refusal"));
      }
    }
    vanishing.stopListening();
    Instance program = context.program(context.refusingBackend());
    for (int i = 0; i < IN_TURN; i++) {
      for (Conduct each : Conduct.values()) {
        Optional<Peer> client = context.connectUnlessReset(program);
        if (client.isPresent() && each.begin(client.get())) {
          demandReset(client.get(), context.patience(), each.noun);
        }
      }
    }
    together(resets);
  }

  private static void demandReset(Peer client, Duration within, String place) throws Broken {
    try {
      client.expectReset(within);
    } catch (Broken e) {
      throw e.at(place);
    }
  }

  /**
   * Rule 11.22. Half of the clients are gone before the deadline; the others wait. Newcomers would
   * set a timer anew that all clients share.
   */
  static void limitsConnecting(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend full = context.fullBackend();
    ProgramConfig config = ProgramConfig.onLoopback(List.of(full.address()));
    Instance program = context.program(config);
    Duration most = config.deadline().plus(context.patience());
    List<Waiting> waiting = new ArrayList<>();
    List<Peer> leaving = new ArrayList<>();
    for (int i = 0; i < OF_EACH; i++) {
      for (Conduct each : Conduct.values()) {
        Peer leaves = context.connect(program);
        each.begin(leaves);
        leaving.add(leaves);
        Peer waits = context.connect(program);
        if (each.begin(waits)) {
          waiting.add(new Waiting(waits, each.noun, Optional.empty()));
        }
      }
      Duration interval = config.deadline().dividedBy(BYTES);
      waiting.add(new Waiting(context.connect(program), TRICKLING, Optional.of(interval)));
    }
    for (Peer each : leaving) {
      each.reset();
    }
    long deadline = System.nanoTime() + most.toNanos();
    List<Peer.Step> steps = new ArrayList<>();
    CountDownLatch left = new CountDownLatch(waiting.size());
    for (Waiting each : waiting) {
      steps.add(
          () -> {
            try {
              each.demandReset(deadline, most);
            } finally {
              left.countDown();
            }
          });
    }
    steps.add(() -> connectUntil(left, context, program, config.deadline().dividedBy(BYTES)));
    together(steps);
    demandNoneConnecting(full, deadline, most);
    full.makeRoom();
    try {
      RelayPair.open(context, program, full).demandForwarding("a client that came later");
    } catch (Broken e) {
      throw e.at("after the upstream had accepted no connection");
    }
  }

  /** Lets newcomers connect at this interval. */
  private static void connectUntil(
      CountDownLatch end, TestContext context, Instance program, Duration interval)
      throws Broken, InterruptedException {
    while (!end.await(interval.toMillis(), TimeUnit.MILLISECONDS)) {
      try {
        var _ = context.connectUnlessReset(program);
      } catch (IOException _) {
        // The kit cannot open a socket at the moment: a newcomer less.
      }
    }
  }

  /**
   * A client that waits for its reset.
   *
   * @param noun describes the client
   * @param interval how often it sends a byte meanwhile; empty if it sends nothing
   */
  private record Waiting(Peer client, String noun, Optional<Duration> interval) {

    void demandReset(long deadline, Duration most) throws Broken {
      Duration left =
          Duration.ofMillis(
              Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
      try {
        if (interval.isPresent()) {
          client.expectResetWhileSending(interval.get(), left);
        } else {
          client.expectReset(left);
        }
      } catch (Broken e) {
        throw e.at(
            "%s, until %,d ms after it connected, while others connect"
                .formatted(noun, most.toMillis()));
      }
    }
  }

  private static void demandNoneConnecting(Backend full, long deadline, Duration most)
      throws Broken, IOException, InterruptedException {
    if (!Kernel.listsConnecting()) {
      return;
    }
    int port = full.address().getPort();
    while (Kernel.connecting(port) > 0 && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
    }
    long connecting = Kernel.connecting(port);
    if (connecting > 0) {
      throw Broken.late(
          "no socket that is still connecting, %,d ms after the clients connected"
              .formatted(most.toMillis()),
          "there are %d (SYN-SENT)".formatted(connecting));
    }
  }
}
