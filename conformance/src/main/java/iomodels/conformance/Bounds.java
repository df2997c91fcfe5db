package iomodels.conformance;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A value for each {@link Bound}: the default, or one that the user has set. Immutable. */
public final class Bounds {

  /** Every bound at its default. */
  public static final Bounds STANDARD = new Bounds(Map.of(), 1);

  /**
   * For tests that run at each change: shorter streams, fewer clients one after another, and
   * smaller samples of tables.
   */
  public static final Bounds QUICK =
      STANDARD
          .with(Bound.VOLUME, Bound.VOLUME.standard() / 4)
          .with(Bound.CLIENTS_IN_TURN, 500)
          .with(Bound.ABORTS, 500)
          .with(Bound.CLOSES, 200)
          .with(Bound.CASES, 16);

  /** For thorough runs: more connections, longer streams, longer observation, whole tables. */
  public static final Bounds THOROUGH =
      STANDARD
          .with(Bound.VOLUME, 4 * Bound.VOLUME.standard())
          .with(Bound.CLOSES, 1_000)
          .with(Bound.CASES, 10_000)
          .with(Bound.IDLE, 5_000)
          .with(Bound.PAUSE, 35_000)
          .with(Bound.CLIENT_IDLE, 11_000)
          .with(Bound.WATCH, 1_500);

  /**
   * The limits of a server's time that can be wider on a busy machine. IDLE_STOP is not: above the
   * grace period it would distinguish nothing. For DELAY and PING there is a control server.
   */
  private static final Set<Bound> LIMITS = Set.of(Bound.CLOSE, Bound.STOP, Bound.NEWCOMER);

  private static final int SLOWER = 4;
  private static final int MOST_SLOWDOWN = 8;

  private final Map<Bound, Long> changed;

  /** How many times as long a server's time may be. */
  private final int slower;

  private Bounds(Map<Bound, Long> changed, int slower) {
    this.changed = changed;
    this.slower = slower;
  }

  /** Returns a copy with one bound changed. */
  public Bounds with(Bound bound, long value) {
    if (value < 1 || value > bound.most()) {
      throw new IllegalArgumentException(
          "bound %s is %d; it is 1 to %d".formatted(bound, value, bound.most()));
    }
    Map<Bound, Long> map = new EnumMap<>(Bound.class);
    map.putAll(changed);
    map.put(bound, value);
    return new Bounds(map, slower);
  }

  /** Returns a copy with one bound changed, written {@code NAME=VALUE}. */
  public Bounds with(String assignment) {
    int equals = assignment.indexOf('=');
    try {
      String name = assignment.substring(0, Math.max(equals, 0)).strip();
      return with(
          Bound.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')),
          Long.parseLong(assignment.substring(equals + 1).strip()));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a whole number in bound " + assignment, e);
    } catch (IllegalArgumentException e) {
      if (e.getMessage() != null && e.getMessage().startsWith("bound ")) {
        throw e;
      }
      throw new IllegalArgumentException(
          "no bound %s; write NAME=VALUE with one of %s"
              .formatted(assignment, Arrays.toString(Bound.values())),
          e);
    }
  }

  /**
   * Returns wider bounds for a busy machine: {@link Bound#PATIENCE} × 2, and server time limits ×
   * 4, or more, up to × 8, the more of the processors others use. Observation times are unchanged.
   * No bound exceeds its maximum.
   *
   * @param takenByOthers the share of the processor time, from 0 to 1, that other processes use
   */
  Bounds onBusyMachine(double takenByOthers) {
    int slowdown = (int) Math.ceil(1 / Math.max(1 - takenByOthers, 1.0 / MOST_SLOWDOWN));
    int factor = Math.max(SLOWER, slowdown);
    long patience = Math.max(2, slowdown) * value(Bound.PATIENCE);
    Bounds wider = with(Bound.PATIENCE, Math.min(Bound.PATIENCE.most(), patience));
    for (Bound each : LIMITS) {
      wider = wider.with(each, Math.min(each.most(), factor * value(each)));
    }
    return new Bounds(wider.changed, factor);
  }

  /** Returns a limit of a server's time that is no bound: on a busy machine, it is wider. */
  Duration limit(Duration standard) {
    return standard.multipliedBy(slower);
  }

  private long value(Bound bound) {
    return changed.getOrDefault(bound, bound.standard());
  }

  /** Returns the value of a bound that is a count. */
  public int count(Bound bound) {
    return Math.toIntExact(value(bound));
  }

  /** Returns the value of a bound that is a duration. */
  public Duration time(Bound bound) {
    return Duration.ofMillis(value(bound));
  }
}
