package iomodels.lab.trace;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The clock that strace's time stamps are of, {@code CLOCK_REALTIME}, in microseconds since 1970:
 * what clients and server did then stands on one axis.
 */
final class Clock {

  private Clock() {}

  static long micros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }
}
