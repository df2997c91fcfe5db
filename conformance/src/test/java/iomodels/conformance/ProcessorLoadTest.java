package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How much of the processors others had. */
class ProcessorLoadTest {

  private static ProcessorLoad load(String cpu, long ownMillis) {
    return ProcessorLoad.parse(
            List.of("cpu  " + cpu, "cpu0 1 2 3 4 5 6 7 8 9 10"), Duration.ofMillis(ownMillis))
        .orElseThrow();
  }

  @Test
  void whatTheKitAndItsServersUseIsTheirOwn() {
    ProcessorLoad before = load("1000 100 200 5000 40 3 7 0 0 0", 7_000);
    ProcessorLoad alone = load("1090 100 210 5100 40 3 7 0 0 0", 8_000);
    assertThat(alone.othersSince(before)).isZero();
    ProcessorLoad beside = load("1090 160 240 5005 45 3 7 10 0 0", 8_000);
    assertThat(beside.othersSince(before)).isCloseTo(0.476, within(0.001));
  }

  @Test
  void clocksOfDifferentGrainDoNotMatter() {
    ProcessorLoad before = load("1000 100 200 5000 40 3 7 0 0 0", 7_000);
    assertThat(before.othersSince(before)).isZero();
    assertThat(load("1001 100 200 5000 40 3 7 0 0 0", 7_020).othersSince(before)).isZero();
  }

  @Test
  void withoutTheLineNothingIsKnown() {
    assertThat(ProcessorLoad.parse(List.of("intr 1 2"), Duration.ZERO)).isEmpty();
    assertThat(ProcessorLoad.parse(List.of("cpu 1 2"), Duration.ZERO)).isEmpty();
  }
}
