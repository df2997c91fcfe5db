package iomodels.site;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sequence diagram of a model, from {@code models.yaml}: the calls between its participants and
 * the state of each participant.
 *
 * @param lifelines the participants; the kernel, if it takes part, is the last
 * @param rows the steps in order of time
 */
public record Diagram(List<String> lifelines, List<Row> rows) {

  static final String KERNEL = "kernel";

  /** The possible participants. */
  static final List<String> LIFELINES =
      List.of(
          "thread", "handler", "virtual", "loop", "acceptor", "worker", "poller", "pool", KERNEL);

  /** The possible states of a participant. */
  static final List<String> STATES =
      List.of("wait", "ask", "copy", "work", "free", "parked", "idle");

  public Diagram {
    lifelines = lifelines == null ? List.of() : List.copyOf(lifelines);
    rows = rows == null ? List.of() : List.copyOf(rows);
  }

  /**
   * A step: either an arrow with a text, or the states of the lifelines for a period of time.
   *
   * @param arrow the caller and the callee: {@code thread>kernel}
   * @param text a call, or a key of the messages if it begins with {@code $}
   * @param phase the phase of an input operation: 1 (waiting for data) or 2 (copying)
   * @param states lifelines with their states; other lifelines have no state to show
   */
  public record Row(
      @Nullable String arrow,
      @Nullable String text,
      @Nullable Integer phase,
      Map<String, String> states) {

    public Row {
      states = states == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(states));
    }

    /** Creates an arrow. */
    static Row arrow(String arrow, String text) {
      return new Row(arrow, text, null, Map.of());
    }

    /** Creates a row of states; the phase may be absent. */
    static Row states(@Nullable Integer phase, Map<String, String> states) {
      return new Row(null, null, phase, states);
    }

    boolean isArrow() {
      return arrow != null;
    }

    String from() {
      return end(0);
    }

    String to() {
      return end(1);
    }

    private String end(int index) {
      String[] ends = String.valueOf(arrow).split(">", 2);
      return index < ends.length ? ends[index].strip() : "";
    }
  }

  /**
   * Checks that this diagram can be drawn.
   *
   * @throws IllegalArgumentException if it cannot; the message names the model, the row and the
   *     allowed values
   */
  void check(String model) {
    demand(
        lifelines.size() >= 2,
        model,
        "a diagram needs at least two lifelines, but has " + lifelines);
    for (String lifeline : lifelines) {
      demand(
          LIFELINES.contains(lifeline),
          model,
          "unknown lifeline '%s'; the lifelines are %s".formatted(lifeline, LIFELINES));
    }
    demand(
        lifelines.stream().distinct().count() == lifelines.size(),
        model,
        "duplicate lifeline in " + lifelines);
    demand(
        !lifelines.contains(KERNEL) || lifelines.getLast().equals(KERNEL),
        model,
        "the kernel must be the last lifeline, unlike in " + lifelines);
    demand(!rows.isEmpty(), model, "a diagram needs rows");
    for (int i = 0; i < rows.size(); i++) {
      String where = "%s, row %d".formatted(model, i + 1);
      Row row = rows.get(i);
      demand(
          row.isArrow() != !row.states().isEmpty(),
          where,
          "a row has either an arrow or states, but this one has "
              + (row.isArrow() ? "both" : "neither"));
      if (row.isArrow()) {
        checkArrow(row, where);
      } else {
        checkStates(row, where);
      }
    }
  }

  private void checkArrow(Row row, String where) {
    for (String end : List.of(row.from(), row.to())) {
      demand(
          lifelines.contains(end),
          where,
          "unknown lifeline '%s' in the arrow '%s'; write FROM>TO with two of %s"
              .formatted(end, row.arrow(), lifelines));
    }
    demand(
        !row.from().equals(row.to()),
        where,
        "the arrow '%s' begins and ends on one lifeline".formatted(row.arrow()));
    demand(row.text() != null && !row.text().isBlank(), where, "an arrow needs a text");
    demand(row.phase() == null, where, "only states can have a phase, not an arrow");
  }

  private void checkStates(Row row, String where) {
    demand(row.text() == null, where, "only an arrow can have a text, not states");
    Integer phase = row.phase();
    demand(
        phase == null || phase == 1 || phase == 2,
        where,
        "unknown phase %s; the phases are 1 and 2".formatted(phase));
    row.states()
        .forEach(
            (lifeline, state) -> {
              demand(
                  lifelines.contains(lifeline),
                  where,
                  "unknown lifeline '%s'; the lifelines are %s".formatted(lifeline, lifelines));
              demand(
                  STATES.contains(state),
                  where,
                  "unknown state '%s'; the states are %s".formatted(state, STATES));
            });
  }

  private static void demand(boolean condition, String where, String message) {
    if (!condition) {
      throw new IllegalArgumentException(where + ": " + message);
    }
  }
}
