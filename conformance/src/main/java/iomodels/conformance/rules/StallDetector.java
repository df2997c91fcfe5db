package iomodels.conformance.rules;

import iomodels.conformance.Peer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Tells when a sender no longer gets on. */
final class StallDetector {

  private static final long QUIET_MILLIS = 100;

  /** On a busy machine a sender may not get on for a while, or not begin, without being stuck. */
  private static final int QUIET_TIMES = 5;

  private volatile long reached = -1;

  /** The same stream, watched. */
  Peer.BytePattern watch(Peer.BytePattern stream) {
    return (into, length, position) -> {
      stream.fill(into, length, position);
      reached = position + length - 1;
    };
  }

  /** How many bytes the sender has got rid of, or has in hand. */
  long sent() {
    return reached + 1;
  }

  /**
   * Waits until the sender has stood still for a while, or is done.
   *
   * @return false if it still got on when the time was over
   */
  boolean await(long length, Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    int quiet = 0;
    while (quiet < QUIET_TIMES && System.nanoTime() < deadline && sent() < length) {
      long last = reached;
      TimeUnit.MILLISECONDS.sleep(QUIET_MILLIS);
      quiet = reached == last && last >= 0 ? quiet + 1 : 0;
    }
    return quiet == QUIET_TIMES || sent() >= length;
  }
}
