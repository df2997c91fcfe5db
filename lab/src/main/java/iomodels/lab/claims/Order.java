package iomodels.lab.claims;

import iomodels.lab.Spread;
import java.util.List;

/** Which of two is more, if that can be said. */
enum Order {
  LESS,
  /** The turns do not agree. */
  ALIKE,
  MORE;

  /** With so many turns or more, one of them on either side may disagree. */
  private static final int ENOUGH_TURNS = 5;

  /** Of one server's figure as a multiple of another's, turn by turn. */
  static Order of(List<Double> ratios) {
    List<Double> sorted = ratios.stream().sorted().toList();
    int out = sorted.size() >= ENOUGH_TURNS ? 1 : 0;
    if (sorted.get(out) > 1) {
      return MORE;
    }
    return sorted.get(sorted.size() - 1 - out) < 1 ? LESS : ALIKE;
  }

  /** Of two figures that were not measured in the same turns: their spreads may not meet. */
  static Order of(Spread one, Spread other) {
    if (one.min() > other.max()) {
      return MORE;
    }
    return one.max() < other.min() ? LESS : ALIKE;
  }
}
