package iomodels.lab.bench;

import iomodels.lab.Spread;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.Stamp;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Decides which figures must not be relied on, and why. */
final class Stamps {

  private static final double SATURATED = 0.95;
  private static final double LITTLE = 0.10;

  /** Who carries less than that share of what is offered does not carry it. */
  private static final double CARRIED = 0.95;

  private static final double UNEQUAL = 2;

  /** Beyond so many turns the most extreme one on each side is left out of the noise. */
  private static final int ENOUGH_TURNS = 5;

  private Stamps() {}

  /**
   * The noise floor: how far a server is from itself. Of the ratios of the common yardstick to a
   * second one of its kind, turn by turn, the distance from 1 of the farthest, the most extreme one
   * on each side left out where there are five or more. A median that is nearer to 1 says nothing.
   */
  static double noiseFloor(List<Double> ratios) {
    List<Double> sorted = ratios.stream().sorted().toList();
    int out = sorted.size() >= ENOUGH_TURNS ? 1 : 0;
    double low = sorted.get(out);
    double high = sorted.get(sorted.size() - 1 - out);
    return Math.max(Math.abs(low - 1), Math.abs(high - 1));
  }

  /**
   * Of what was measured under load.
   *
   * @param carried in an open loop: the share of what fell due that was answered
   */
  static Set<Stamp> of(LoadFigures figures, boolean steady, boolean openLoop, double carried) {
    Set<Stamp> stamps = EnumSet.noneOf(Stamp.class);
    if (!steady || isUnequal(figures)) {
      stamps.add(Stamp.NOT_STEADY);
    }
    if (isWithinNoise(figures)) {
      stamps.add(Stamp.WITHIN_NOISE);
    }
    if (isSaturated(figures, openLoop)) {
      stamps.add(Stamp.LOADER_SATURATED);
    } else if (carried < CARRIED) {
      stamps.add(Stamp.OVERLOADED);
    }
    if (figures.littlesLaw().filter(it -> Math.abs(it.median() - 1) > LITTLE).isPresent()) {
      stamps.add(Stamp.LITTLES_LAW);
    }
    return stamps;
  }

  /** Whether one round took much more than another: a median of such says little. */
  private static boolean isUnequal(LoadFigures figures) {
    return figures.cpuMicrosPerMessage().filter(it -> it.max() > UNEQUAL * it.min()).isPresent();
  }

  private static boolean isWithinNoise(LoadFigures figures) {
    Optional<Spread> ratio = figures.toCommon().flatMap(Ratio::cpu);
    return ratio.isPresent()
        && figures.noiseFloor().filter(it -> Math.abs(ratio.get().median() - 1) < it).isPresent();
  }

  /** In an open loop the loader never sleeps for long: what counts there is how late it was. */
  private static boolean isSaturated(LoadFigures figures, boolean openLoop) {
    return openLoop
        ? figures.loaderLag99Micros().median() > figures.latency().p50().median()
        : figures.loaderBusy().median() > SATURATED;
  }
}
