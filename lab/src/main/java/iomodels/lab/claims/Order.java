package iomodels.lab.claims;

import iomodels.lab.report.Spread;
import java.util.List;

/** Which of two figures is larger, if the measurements agree. */
enum Order {
  LESS,
  /** The turns disagree. */
  ALIKE,
  MORE;

  /**
   * Compares a figure of two servers, given as ratios turn by turn: all turns must agree. For equal
   * servers, seven turns agree by chance once in 64 times, and five turns once in 16. An experiment
   * that compares many pairs must therefore require more than one.
   */
  static Order of(List<Double> ratios) {
    if (ratios.stream().allMatch(it -> it > 1)) {
      return MORE;
    }
    return ratios.stream().allMatch(it -> it < 1) ? LESS : ALIKE;
  }

  /** Compares figures that were not measured in the same turns: their ranges must not overlap. */
  static Order of(Spread one, Spread other) {
    if (one.min() > other.max()) {
      return MORE;
    }
    return one.max() < other.min() ? LESS : ALIKE;
  }
}
