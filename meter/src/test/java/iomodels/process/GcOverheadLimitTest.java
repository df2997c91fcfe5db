package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GcOverheadLimitTest {

  @Test
  void tenConsecutiveSamplesOfStrainExceedTheLimit() {
    GcOverheadLimit limit = new GcOverheadLimit();

    sample(limit, 9, 1, 1);
    assertThat(limit.isExceeded()).isFalse();
    sample(limit, 1, 0.5, 1);
    sample(limit, 9, 1, 1);
    assertThat(limit.isExceeded()).as("after a sample without strain").isFalse();
    sample(limit, 1, 1, 1);
    assertThat(limit.isExceeded()).isTrue();
  }

  @Test
  void aHeapWithFreeSpaceDoesNotExceedTheLimit() {
    GcOverheadLimit limit = new GcOverheadLimit();

    sample(limit, 100, 1, 0.5);
    assertThat(limit.isExceeded()).isFalse();
  }

  private static void sample(GcOverheadLimit limit, int times, double share, double fullness) {
    for (int i = 0; i < times; i++) {
      limit.record(share, fullness);
    }
  }
}
