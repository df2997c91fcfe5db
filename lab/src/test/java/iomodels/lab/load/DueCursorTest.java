package iomodels.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DueCursorTest {

  private static final int NANOS_PER_MILLI = 1_000_000;

  /** Four messages, at 0, 25, 50 and 75 ms. */
  private static final Schedule SCHEDULE = Schedule.from(0, Duration.ofMillis(100), 40);

  @Test
  void aSenderHasEveryNthMessage() {
    DueCursor cursor = new DueCursor(1, 2);

    assertThat(cursor.isDue(SCHEDULE, 24L * NANOS_PER_MILLI)).isFalse();
    assertThat(cursor.isDue(SCHEDULE, 25L * NANOS_PER_MILLI)).isTrue();
    assertThat(cursor.take(SCHEDULE)).isEqualTo(25L * NANOS_PER_MILLI);
    assertThat(cursor.message()).isEqualTo(3);
    assertThat(cursor.take(SCHEDULE)).isEqualTo(75L * NANOS_PER_MILLI);
    assertThat(cursor.isPending(SCHEDULE)).isFalse();

    cursor.reset();
    assertThat(cursor.message()).isEqualTo(1);
  }

  @Test
  void messagesThatWereNotSentHaveWaitedUntilTheEnd() {
    RoundRecorder recorder = new RoundRecorder(true, 1);
    recorder.reset(SCHEDULE.start());
    new DueCursor(1, 2).recordUnsent(SCHEDULE, recorder);
    LoadResult result = recorder.result(SCHEDULE, RoundObserver.NONE, 0);

    assertThat(result.histogram().getTotalCount()).isEqualTo(2);
    assertThat(result.latency().max()).isBetween(Duration.ofMillis(75), Duration.ofMillis(76));
    assertThat(result.answered()).isZero();
  }
}
