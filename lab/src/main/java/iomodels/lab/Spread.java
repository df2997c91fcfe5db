package iomodels.lab;

import java.util.stream.DoubleStream;

/**
 * Figures of several rounds.
 *
 * @param median the one in the middle
 * @param min the smallest
 * @param max the largest
 */
public record Spread(double median, double min, double max) {

  /**
   * Of at least one figure.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Spread of(DoubleStream figures) {
    double[] sorted = figures.sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no figure, no spread");
    }
    double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }
}
