package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GcOverheadLimitTest {

  @Test
  void onlyAFullHeapAndManyCollectionsInARowExceedIt() {
    GcOverheadLimit limit = new GcOverheadLimit();

    look(limit, 9, 1, 1);
    assertThat(limit.isExceeded()).isFalse();
    look(limit, 1, 0.5, 1);
    look(limit, 9, 1, 1);
    assertThat(limit.isExceeded()).as("it had a rest").isFalse();
    look(limit, 1, 1, 1);
    assertThat(limit.isExceeded()).isTrue();
  }

  @Test
  void aHeapWithRoomDoesNotExceedIt() {
    GcOverheadLimit limit = new GcOverheadLimit();

    look(limit, 100, 1, 0.5);
    assertThat(limit.isExceeded()).isFalse();
  }

  private static void look(GcOverheadLimit limit, int times, double share, double fullness) {
    for (int i = 0; i < times; i++) {
      limit.saw(share, fullness);
    }
  }
}
