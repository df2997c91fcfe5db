package iomodels.conformance.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ResourceLeaksTest {

  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final OptionalLong FAILED = OptionalLong.empty();

  private static ResourceLeaks.Counter samples(OptionalLong... samples) {
    Iterator<OptionalLong> next = Arrays.asList(samples).iterator();
    return next::next;
  }

  @Test
  void aFailedSampleIsFollowedByOthers() throws Exception {
    ResourceLeaks.Counter counter = samples(FAILED, OptionalLong.of(7), FAILED, OptionalLong.of(5));
    assertThat(ResourceLeaks.awaitAtMost(5, "objects", counter, LONG)).isEqualTo(5);
  }

  @Test
  void samplesThatFailUntilTheDeadlineAreInconclusive() {
    assertThatExceptionOfType(Inconclusive.class)
        .isThrownBy(() -> ResourceLeaks.awaitAtMost(5, "objects", () -> FAILED, SHORT))
        .withMessage("cannot count the objects of the program");
  }

  @Test
  void aLargerNumberAtTheDeadlineBreaksTheRule() {
    assertThatExceptionOfType(Broken.class)
        .isThrownBy(() -> ResourceLeaks.awaitAtMost(5, "objects", () -> OptionalLong.of(6), SHORT))
        .withMessageContaining("at most 5 objects after all clients have left")
        .withMessageContaining("there are 6");
  }
}
