package iomodels.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import iomodels.lab.report.Caveat;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Latencies;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.Spread;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CaveatsTest {

  /**
   * A server that took that many times C's processor time, and whom nothing else speaks against.
   */
  private static LoadFigures figures(double ratio, double floor, double busy, double little) {
    return figures(ratio, floor, busy, little, 10);
  }

  private static LoadFigures figures(
      double ratio, double floor, double busy, double little, double lag) {
    return figures(ratio, floor, busy, little, lag, new Spread(5, 4, 6));
  }

  private static LoadFigures figures(
      double ratio, double floor, double busy, double little, double lag, Spread cpu) {
    Spread one = new Spread(1, 1, 1);
    Latencies latency = new Latencies(new Spread(100, 90, 110), one, one, one, List.of());
    Ratio toCommon = new Ratio(Optional.of(new Spread(ratio, ratio, ratio)), one, one, one);
    return new LoadFigures(
        50,
        new Spread(40_000, 39_000, 41_000),
        Optional.of(cpu),
        Optional.of(one),
        Optional.of(one),
        Optional.of(one),
        Optional.of(one),
        new Spread(busy, busy, busy),
        new Spread(lag, lag, lag),
        one,
        one,
        Optional.of(new Spread(little, little, little)),
        latency,
        Optional.empty(),
        Optional.of(toCommon),
        Optional.empty(),
        "",
        Optional.empty(),
        Optional.of(floor));
  }

  @Test
  void aReliableFigureHasNoCaveat() {
    assertThat(Caveats.of(figures(1.5, 0.2, 0.7, 1.02), true, false, 1)).isEmpty();
  }

  @Test
  void aDistanceThatIsLessThanTheNoiseIsNone() {
    assertThat(Caveats.of(figures(1.15, 0.2, 0.7, 1), true, false, 1))
        .containsExactly(Caveat.WITHIN_NOISE);
    assertThat(Caveats.of(figures(0.85, 0.2, 0.7, 1), true, false, 1))
        .containsExactly(Caveat.WITHIN_NOISE);
  }

  @Test
  void aLoaderWithoutTimeLeftIsTheLimit() {
    assertThat(Caveats.of(figures(1.5, 0.2, 0.97, 1), true, false, 1))
        .containsExactly(Caveat.LOADER_SATURATED);
  }

  @Test
  void inAnOpenLoopItCountsHowLateTheLoaderWas() {
    // Late by 200 µs, where the median is 100.
    assertThat(Caveats.of(figures(1.5, 0.2, 0.2, 1, 200), true, true, 1))
        .containsExactly(Caveat.LOADER_SATURATED);
    assertThat(Caveats.of(figures(1.5, 0.2, 1, 1, 10), true, true, 1)).isEmpty();
  }

  @Test
  void inAnOpenLoopWhatIsOfferedHasToBeCarried() {
    assertThat(Caveats.of(figures(1.5, 0.2, 0.2, 1), true, true, 0.9))
        .containsExactly(Caveat.OVERLOADED);
    assertThat(Caveats.of(figures(1.5, 0.2, 0.2, 1, 200), true, true, 0.9))
        .as("it was not the server that did not carry it")
        .containsExactly(Caveat.LOADER_SATURATED);
  }

  @Test
  void roundsThatDifferByFarAreNoSteadyServers() {
    Spread wide = new Spread(5, 3, 9);
    assertThat(Caveats.of(figures(1.5, 0.2, 0.7, 1, 10, wide), true, false, 1))
        .containsExactly(Caveat.NOT_STEADY);
  }

  @Test
  void littlesLawHasToHold() {
    assertThat(Caveats.of(figures(1.5, 0.2, 0.7, 0.8), true, false, 1))
        .containsExactly(Caveat.LITTLES_LAW);
  }

  @Test
  void aWarmUpThatWasNotDoneIsSaid() {
    assertThat(Caveats.of(figures(1.5, 0.2, 0.7, 1), false, false, 1))
        .containsExactly(Caveat.NOT_STEADY);
  }

  @Test
  void theNoiseFloorLeavesOutOneTurnOnEachSide() {
    assertThat(Caveats.noiseFloor(List.of(0.5, 0.95, 1.0, 1.1, 3.0))).isCloseTo(0.1, within(1e-9));
    assertThat(Caveats.noiseFloor(List.of(0.9, 1.0, 1.4))).isCloseTo(0.4, within(1e-9));
    assertThat(Caveats.noiseFloor(List.of(1.0))).isZero();
  }
}
