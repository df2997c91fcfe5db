package iomodels.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PinningTest {

  @Test
  void aListOfProcessorsHoldsNumbersAndRanges() {
    assertThat(Pinning.processors("0-3,6")).containsExactly(0, 1, 2, 3, 6);
    assertThat(Pinning.processors("5")).containsExactly(5);
  }

  @Test
  void whatItDidOrWhyNotIsSaidInWords() throws InterruptedException {
    try (Pinning pinning = Pinning.attempt()) {
      assertThat(pinning.toString())
          .startsWith(pinning.isInForce() ? "servers on" : "not pinned: ");
      assertThat(pinning.prefix()).hasSize(pinning.isInForce() ? 3 : 0);
    }
  }
}
