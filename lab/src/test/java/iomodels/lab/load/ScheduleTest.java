package iomodels.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  private static final long NOON = 12L * 3_600 * 1_000_000_000;

  @Test
  void messagesFallDueAtEvenIntervals() {
    Schedule schedule = Schedule.from(NOON, Duration.ofSeconds(1), 4);

    assertThat(schedule.due(0)).isEqualTo(NOON);
    assertThat(schedule.due(3)).isEqualTo(NOON + 750_000_000);
    assertThat(schedule.includes(3)).isTrue();
    assertThat(schedule.includes(4)).isFalse();
    assertThat(schedule.isDue(1, NOON + 249_999_999)).isFalse();
    assertThat(schedule.isDue(1, NOON + 250_000_000)).isTrue();
  }

  @Test
  void aDayAtAMillionASecondIsExact() {
    Schedule schedule = Schedule.from(0, Duration.ofDays(2), 1_000_000);
    long day = 24L * 3_600;

    assertThat(schedule.due(day * 1_000_000 + 7)).isEqualTo(day * 1_000_000_000 + 7_000);
  }

  @Test
  void inAClosedLoopNothingFallsDue() {
    assertThat(Schedule.from(NOON, Duration.ofSeconds(1), 0).includes(0)).isFalse();
  }

  @Test
  void itCanEndSoonerButNotLater() {
    Schedule schedule = Schedule.from(0, Duration.ofSeconds(1), 10);

    assertThat(schedule.endingAt(300_000_000).includes(2)).isTrue();
    assertThat(schedule.endingAt(300_000_000).includes(3)).isFalse();
    assertThat(schedule.endingAt(2_000_000_000)).isEqualTo(schedule);
  }
}
