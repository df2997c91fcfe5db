package iomodels.conformance.rules;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.time.Duration;

/**
 * Replies that are pending at the stop of a server. The server may cut off a client two seconds
 * later, so what a client loses after that time tells nothing.
 *
 * @param stopped when the server was told to stop, by {@link System#nanoTime}
 */
record PendingAtStop(long stopped) {

  /** A little less than the time for which the server has to deliver replies. */
  private static final Duration IN_TIME = Duration.ofMillis(1_800);

  /** When a client begins to read that takes its time. */
  private static final Duration LATE_READER = Duration.ofMillis(1_300);

  /** The message of a time-out: a server that sends nothing has lost data, however late it is. */
  private static final String NOTHING_CAME = "nothing came";

  /** Tells a server to stop. */
  static PendingAtStop stop(TestContext context, Instance server) {
    PendingAtStop pending = new PendingAtStop(System.nanoTime());
    context.stop(server);
    return pending;
  }

  /** Waits until only a part of the time is left in which the client must read. */
  void waitBeforeReading() throws InterruptedException {
    NANOSECONDS.sleep(stopped + LATE_READER.toNanos() - System.nanoTime());
  }

  /** Demands what is pending for one client. */
  void demand(Peer.Step step) throws Broken, Inconclusive, InterruptedException {
    try {
      step.run();
    } catch (Broken e) {
      boolean cutOff = !String.valueOf(e.getMessage()).contains(NOTHING_CAME);
      if (cutOff && System.nanoTime() - stopped > IN_TIME.toNanos()) {
        throw new Inconclusive(
            "too late to tell: the server may have cut off the client: " + e.getMessage(), e);
      }
      throw e;
    }
  }
}
