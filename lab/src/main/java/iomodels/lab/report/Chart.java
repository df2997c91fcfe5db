package iomodels.lab.report;

import iomodels.lab.Spread;
import java.util.List;

/**
 * A chart, whatever draws it.
 *
 * @param title what it shows
 * @param x the axis across
 * @param y the axis upwards
 * @param series what is drawn, each in a colour of its own
 */
public record Chart(String title, Axis x, Axis y, List<Series> series) {

  /**
   * An axis.
   *
   * @param label with the unit
   * @param scale how values are laid along it
   * @param categories for {@link Scale#CATEGORIES}: their names, point {@code x} being an index
   */
  public record Axis(String label, Scale scale, List<String> categories) {

    /** Values at even distances, from zero. */
    public static Axis linear(String label) {
      return new Axis(label, Scale.LINEAR, List.of());
    }

    /** Powers of ten at even distances; values are positive. */
    public static Axis logarithmic(String label) {
      return new Axis(label, Scale.LOGARITHMIC, List.of());
    }

    /** Names side by side. */
    public static Axis of(String label, List<String> categories) {
      return new Axis(label, Scale.CATEGORIES, List.copyOf(categories));
    }
  }

  /** How values are laid along an axis. */
  public enum Scale {
    LINEAR,
    LOGARITHMIC,
    /** Percentiles: 90, 99, 99.9 … at even distances. */
    PERCENTILES,
    CATEGORIES
  }

  /** How a series is drawn. */
  public enum Mark {
    LINE,
    BARS,
    /** Bars of one category upon each other. */
    STACKED_BARS,
    POINTS,
    /** From {@code low} to {@code high}, such as who was served from when to when. */
    SPANS
  }

  /**
   * What belongs together.
   *
   * @param name for the legend
   * @param points from left to right
   */
  public record Series(String name, Mark mark, List<Point> points) {}

  /**
   * A figure.
   *
   * @param low the lowest that was seen, or {@code y}
   * @param high the highest that was seen, or {@code y}
   */
  public record Point(double x, double y, double low, double high) {

    /** One without a spread. */
    public static Point of(double x, double y) {
      return new Point(x, y, y, y);
    }

    /** The median, with its spread. */
    public static Point of(double x, Spread y) {
      return new Point(x, y.median(), y.min(), y.max());
    }
  }
}
