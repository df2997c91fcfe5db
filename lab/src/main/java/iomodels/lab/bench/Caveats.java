package iomodels.lab.bench;

import iomodels.lab.report.Caveat;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.Spread;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Decides which figures are unreliable, and why. */
final class Caveats {

  /** A load generator that is busy for a larger share of the time is the limit. */
  private static final double SATURATED = 0.95;

  /** Permitted deviation from Little's law. */
  private static final double LITTLE = 0.10;

  /** A server that answers a smaller share of the offered messages is overloaded. */
  private static final double CARRIED = 0.95;

  /** Rounds that differ by a larger factor have no meaningful median. */
  private static final double UNEQUAL = 2;

  /** From this number of turns on, the most extreme one on each side is not noise. */
  private static final int ENOUGH_TURNS = 5;

  private Caveats() {}

  /**
   * The noise floor: how far two runs of the same program differ. Takes the ratios of the second
   * common yardstick to the first, turn by turn, without the most extreme one on each side if there
   * are five or more. The result is the largest distance from 1. A median that is nearer to 1 means
   * nothing.
   */
  static double noiseFloor(List<Double> ratios) {
    List<Double> sorted = ratios.stream().sorted().toList();
    int out = sorted.size() >= ENOUGH_TURNS ? 1 : 0;
    double low = sorted.get(out);
    double high = sorted.get(sorted.size() - 1 - out);
    return Math.max(Math.abs(low - 1), Math.abs(high - 1));
  }

  /**
   * The caveats about figures that were measured under load.
   *
   * @param carried in an open loop: the share of the due messages that were answered
   */
  static Set<Caveat> of(LoadFigures figures, boolean steady, boolean openLoop, double carried) {
    Set<Caveat> caveats = EnumSet.noneOf(Caveat.class);
    if (!steady || isUnequal(figures)) {
      caveats.add(Caveat.NOT_STEADY);
    }
    if (isWithinNoise(figures)) {
      caveats.add(Caveat.WITHIN_NOISE);
    }
    if (isSaturated(figures, openLoop)) {
      caveats.add(Caveat.LOADER_SATURATED);
    } else if (carried < CARRIED) {
      caveats.add(Caveat.OVERLOADED);
    }
    if (figures.littlesLaw().filter(it -> Math.abs(it.median() - 1) > LITTLE).isPresent()) {
      caveats.add(Caveat.LITTLES_LAW);
    }
    return caveats;
  }

  /** Whether one round took much more processor time than another. */
  private static boolean isUnequal(LoadFigures figures) {
    return figures.cpuMicrosPerMessage().filter(it -> it.max() > UNEQUAL * it.min()).isPresent();
  }

  private static boolean isWithinNoise(LoadFigures figures) {
    Optional<Spread> ratio = figures.toCommon().flatMap(Ratio::cpu);
    return ratio.isPresent()
        && figures.noiseFloor().filter(it -> Math.abs(ratio.get().median() - 1) < it).isPresent();
  }

  /**
   * Returns whether the load generator is the limit; in an open loop it polls, so its delay counts.
   */
  private static boolean isSaturated(LoadFigures figures, boolean openLoop) {
    return openLoop
        ? figures.loaderLag99Micros().median() > figures.latency().p50().median()
        : figures.loaderBusy().median() > SATURATED;
  }
}
