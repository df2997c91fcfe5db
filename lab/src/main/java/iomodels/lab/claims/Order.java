package iomodels.lab.claims;

import iomodels.lab.Spread;
import java.util.List;

/** Which of two is more, if that can be said. */
enum Order {
  LESS,
  /** The turns do not agree. */
  ALIKE,
  MORE;

  /**
   * Of one server's figure as a multiple of another's, turn by turn; all have to agree. Of two that
   * are equal, seven turns do so by chance once in 64 times, and five once in 16: who compares many
   * pairs has to ask for more than one of them.
   */
  static Order of(List<Double> ratios) {
    if (ratios.stream().allMatch(it -> it > 1)) {
      return MORE;
    }
    return ratios.stream().allMatch(it -> it < 1) ? LESS : ALIKE;
  }

  /** Of two figures that were not measured in the same turns: their spreads may not meet. */
  static Order of(Spread one, Spread other) {
    if (one.min() > other.max()) {
      return MORE;
    }
    return one.max() < other.min() ? LESS : ALIKE;
  }
}
