package iomodels.lab.report;

import java.util.List;

/**
 * A chart, independent of the library that draws it.
 *
 * @param title for the heading
 * @param x the horizontal axis
 * @param y the vertical axis
 * @param series the data, each series in a colour of its own
 */
public record Chart(String title, Axis x, Axis y, List<Series> series) {

  /**
   * An axis.
   *
   * @param label with the unit
   * @param scale how values map to positions
   * @param categories for {@link Scale#CATEGORIES}: their names; the {@code x} of a point is an
   *     index
   */
  public record Axis(String label, Scale scale, List<String> categories) {

    /** A linear axis that begins at zero. */
    public static Axis linear(String label) {
      return new Axis(label, Scale.LINEAR, List.of());
    }

    /** A logarithmic axis, for positive values. */
    public static Axis logarithmic(String label) {
      return new Axis(label, Scale.LOGARITHMIC, List.of());
    }

    /** An axis of categories. */
    public static Axis of(String label, List<String> categories) {
      return new Axis(label, Scale.CATEGORIES, List.copyOf(categories));
    }
  }

  /** How values map to positions on an axis. */
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
    /** The bars of one category are stacked. */
    STACKED_BARS,
    POINTS,
    /** Bars from {@code low} to {@code high}, such as periods of time. */
    SPANS
  }

  /**
   * Points that belong together.
   *
   * @param name for the legend
   * @param points from left to right
   */
  public record Series(String name, Mark mark, List<Point> points) {}

  /**
   * A point.
   *
   * @param low the lowest value measured, or {@code y}
   * @param high the highest value measured, or {@code y}
   */
  public record Point(double x, double y, double low, double high) {

    /** A point without a spread. */
    public static Point of(double x, double y) {
      return new Point(x, y, y, y);
    }

    /** A point at the median, with the spread. */
    public static Point of(double x, Spread y) {
      return new Point(x, y.median(), y.min(), y.max());
    }
  }
}
