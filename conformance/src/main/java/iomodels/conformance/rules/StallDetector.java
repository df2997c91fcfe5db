package iomodels.conformance.rules;

import iomodels.conformance.Peer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Detects that a sender makes no progress. */
final class StallDetector {

  private static final long QUIET_INTERVAL_MILLIS = 100;

  /** On a busy machine a sender may pause, or start late, without being blocked. */
  private static final int QUIET_INTERVALS = 5;

  private volatile long reached = -1;

  /** Returns the same stream, and records how far it is read. */
  Peer.BytePattern watch(Peer.BytePattern stream) {
    return (into, length, position) -> {
      stream.fill(into, length, position);
      reached = position + length - 1;
    };
  }

  /** Returns the number of bytes that the sender has sent or is about to send. */
  long sent() {
    return reached + 1;
  }

  /**
   * Waits until the sender has made no progress for a while, or has sent everything.
   *
   * @return false if the sender still made progress when the time was over
   */
  boolean await(long length, Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    int quiet = 0;
    while (quiet < QUIET_INTERVALS && System.nanoTime() < deadline && sent() < length) {
      long last = reached;
      TimeUnit.MILLISECONDS.sleep(QUIET_INTERVAL_MILLIS);
      quiet = reached == last && last >= 0 ? quiet + 1 : 0;
    }
    return quiet == QUIET_INTERVALS || sent() >= length;
  }
}
