package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Which pauses of the kit count. */
class HeartbeatTest {

  /** Counted from a number near its end: {@code nanoTime} may overflow. */
  private static final long START = Long.MAX_VALUE - 1_000;

  private final Heartbeat heartbeat = new Heartbeat(START);

  private static long at(long millis) {
    return START + Duration.ofMillis(millis).toNanos();
  }

  @Test
  void aThreadThatWakesInTimeHasNoPause() {
    for (int i = 1; i <= 100; i++) {
      heartbeat.beat(at(50L * i));
    }
    heartbeat.beat(at(5_999));
    assertThat(heartbeat.longest(at(0), at(6_000))).isZero();
  }

  @Test
  void theLongestPauseThatWasNotOverBeforeCounts() {
    heartbeat.beat(at(3_000));
    heartbeat.beat(at(3_050));
    heartbeat.beat(at(4_550));
    assertThat(heartbeat.longest(at(0), at(4_600))).isEqualTo(Duration.ofSeconds(3));
    assertThat(heartbeat.longest(at(2_999), at(4_600))).isEqualTo(Duration.ofSeconds(3));
    assertThat(heartbeat.longest(at(3_001), at(4_600))).isEqualTo(Duration.ofMillis(1_500));
    assertThat(heartbeat.longest(at(4_550), at(4_600))).isZero();
  }

  @Test
  void aPauseThatHasNotEndedCounts() {
    heartbeat.beat(at(50));
    assertThat(heartbeat.longest(at(60), at(1_100))).isEqualTo(Duration.ofMillis(1_050));
  }
}
