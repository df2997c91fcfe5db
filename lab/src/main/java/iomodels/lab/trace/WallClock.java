package iomodels.lab.trace;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The clock of strace's time stamps, {@code CLOCK_REALTIME}, in microseconds since 1970. Clients
 * use it as well, so that their events and the server's calls are on one time axis.
 */
final class WallClock {

  private WallClock() {}

  static long micros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }
}
