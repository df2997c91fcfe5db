package iomodels.site;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a model does, step by step, as {@code models.yaml} tells it: who calls whom, and what each
 * of them does meanwhile.
 *
 * @param lanes who takes part; the kernel is the last of them
 * @param rows what happens, from earlier to later
 */
public record Diagram(List<String> lanes, List<Row> rows) {

  static final String KERNEL = "kernel";

  /** Who can take part. */
  static final List<String> LANES =
      List.of(
          "thread", "handler", "virtual", "loop", "acceptor", "worker", "poller", "pool", KERNEL);

  /** What one can do meanwhile. */
  static final List<String> STATES =
      List.of("wait", "ask", "copy", "work", "free", "parked", "idle");

  public Diagram {
    lanes = lanes == null ? List.of() : List.copyOf(lanes);
    rows = rows == null ? List.of() : List.copyOf(rows);
  }

  /**
   * A step: either an arrow with its text, or what everybody does for a while.
   *
   * @param arrow from whom to whom: {@code thread>kernel}
   * @param text a call, or a word from the messages if it begins with {@code $}
   * @param phase of the two that an input has: 1, until there are data, or 2, while they are copied
   * @param states what the lanes do; those that are not named do nothing of interest
   */
  public record Row(
      @Nullable String arrow,
      @Nullable String text,
      @Nullable Integer phase,
      Map<String, String> states) {

    public Row {
      states = states == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(states));
    }

    /** An arrow. */
    static Row arrow(String arrow, String text) {
      return new Row(arrow, text, null, Map.of());
    }

    /** What everybody does, in no phase or in one. */
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
   * Says what of it cannot be drawn.
   *
   * @throws IllegalArgumentException naming the model, the row, and what is allowed
   */
  void check(String model) {
    demand(lanes.size() >= 2, model, "a diagram needs two lanes at least; it has " + lanes);
    for (String lane : lanes) {
      demand(LANES.contains(lane), model, "no lane '%s'; there are %s".formatted(lane, LANES));
    }
    demand(lanes.stream().distinct().count() == lanes.size(), model, "a lane twice in " + lanes);
    demand(
        !lanes.contains(KERNEL) || lanes.getLast().equals(KERNEL),
        model,
        "the kernel is the last lane, not as in " + lanes);
    demand(!rows.isEmpty(), model, "a diagram needs rows");
    for (int i = 0; i < rows.size(); i++) {
      String where = "%s, row %d".formatted(model, i + 1);
      Row row = rows.get(i);
      demand(
          row.isArrow() != !row.states().isEmpty(),
          where,
          "a row has either an arrow or states; this one has " + (row.isArrow() ? "both" : "none"));
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
          lanes.contains(end),
          where,
          "no lane '%s' in the arrow '%s'; write FROM>TO with two of %s"
              .formatted(end, row.arrow(), lanes));
    }
    demand(
        !row.from().equals(row.to()), where, "the arrow '%s' leads nowhere".formatted(row.arrow()));
    demand(row.text() != null && !row.text().isBlank(), where, "an arrow has a text");
    demand(row.phase() == null, where, "an arrow has no phase; states have");
  }

  private void checkStates(Row row, String where) {
    demand(row.text() == null, where, "states have no text; an arrow has");
    Integer phase = row.phase();
    demand(
        phase == null || phase == 1 || phase == 2,
        where,
        "no phase %s; there are 1 and 2".formatted(phase));
    row.states()
        .forEach(
            (lane, state) -> {
              demand(
                  lanes.contains(lane), where, "no lane '%s'; there are %s".formatted(lane, lanes));
              demand(
                  STATES.contains(state),
                  where,
                  "no state '%s'; there are %s".formatted(state, STATES));
            });
  }

  private static void demand(boolean condition, String where, String message) {
    if (!condition) {
      throw new IllegalArgumentException(where + ": " + message);
    }
  }
}
