package iomodels.lab.report;

import java.util.stream.DoubleStream;

/**
 * Median and range of a figure over several rounds.
 *
 * @param median the median
 * @param min the smallest value
 * @param max the largest value
 */
public record Spread(double median, double min, double max) {

  /**
   * Summarises figures.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Spread of(DoubleStream figures) {
    double[] sorted = figures.sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("a spread needs at least one figure");
    }
    double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }
}
