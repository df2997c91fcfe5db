package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.rules.Section12Gather.NEVER;
import static iomodels.conformance.rules.Section12Gather.asked;
import static iomodels.conformance.rules.Section12Gather.program;

import iomodels.conformance.Backend;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Whether gather ends calls that are still connecting when nobody waits for them. */
final class GatherConnecting {

  private static final long POLL_INTERVAL_MILLIS = 20;

  private GatherConnecting() {}

  /** Rule 12.17. */
  static void stopsConnecting(TestContext context)
      throws Broken, IOException, InterruptedException {
    Backend full = context.fullBackend();
    Backend other = context.backend();
    Duration deadline = ProgramConfig.onLoopback(List.of()).deadline().dividedBy(2);
    Peer client = context.connect(program(context, deadline, full));
    for (String kind : List.of("all", "first")) {
      // The second request starts when the first has ended at the deadline.
      client.send((kind + " tea\n").repeat(2));
      client.expect("late\n".repeat(2));
      demandConnecting(context, full, 0, "at the deadline");
    }
    Instance patient = program(context, NEVER, full, other);
    for (String kind : List.of("all", "first")) {
      Peer waits = context.connect(patient);
      waits.send(kind + " tea\n");
      try (Peer one = asked(other, "tea")) {
        Peer served = context.connect(patient);
        served.send("first coffee\n");
        try (Peer two = asked(other, "coffee")) {
          two.send("here\n");
          served.expect("ok here\n");
        }
        demandConnecting(context, full, 1, "when another has answered first");
        waits.reset();
        one.expectEnd(context.time(CLOSE));
      }
      demandConnecting(context, full, 0, "when the client is gone");
    }
  }

  /** Demands that at most this many sockets are in SYN-SENT soon, if the kernel lists them. */
  private static void demandConnecting(TestContext context, Backend full, long wanted, String when)
      throws Broken, IOException, InterruptedException {
    if (!Kernel.listsConnecting()) {
      context.note("cannot see sockets that are connecting: there is no /proc/net/tcp");
      return;
    }
    int port = full.address().getPort();
    long deadline = System.nanoTime() + context.time(CLOSE).toNanos();
    long now = Kernel.connecting(port);
    while (now != wanted && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      now = Kernel.connecting(port);
    }
    if (now > wanted) {
      throw Broken.late(
          "%d calls that are still connecting %s".formatted(wanted, when),
          "there are %d after %,d ms (SYN-SENT)".formatted(now, context.time(CLOSE).toMillis()));
    }
    context.note("sees %d calls that are still connecting %s".formatted(now, when));
  }
}
