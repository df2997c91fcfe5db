package iomodels.site;

import static java.util.stream.Collectors.joining;

import iomodels.site.Diagram.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/**
 * Draws a {@link Diagram} in the manner of Stevens' figures 6.1 to 6.5: participants from left to
 * right, time from top to bottom, a bar for each state, an arrow for each call, and a bracket for
 * each of the two phases of an input operation. The style sheet defines the colours. A pattern and
 * a word carry the same information, so the diagram is readable without colours.
 */
final class PhaseDiagram {

  /** At this width, scaled to a screen of 360 pixels, the smallest letters have 11 pixels. */
  private static final double NARROW = 392;

  /** Maximum line lengths of code to try, best first. */
  private static final List<Integer> LINE_LENGTHS = List.of(30, 20, 15);

  private static final double SIZE = 12;
  private static final double HEAD_SIZE = 13;
  private static final double LEADING = 15;
  private static final double MARGIN = 3;
  private static final double GAP = 8;
  private static final double HEAD_PADDING = 5;
  private static final double BAR_PADDING = 8;
  private static final double BAR_HEIGHT = 34;
  private static final double ARROW_ABOVE = 9;
  private static final double ARROW_BELOW = 7;
  private static final double BRACKET = 9;
  private static final int PHASE_LINE = 12;
  private static final int WORD_LINE = 8;
  private static final int HEAD_LINE = 10;

  /** A row with its position. The line of an arrow is at {@code bottom}. */
  private record Placed(Row row, double top, double bottom) {}

  /** A state of a lifeline without interruption. */
  private record Bar(int lifeline, String state, double top, double bottom) {}

  private record Bracket(int phase, double top, double bottom) {}

  private final String model;
  private final Diagram diagram;
  private final Function<String, String> words;
  private final int lineLength;

  private final double[] centres;
  private final List<String> states = new ArrayList<>();
  private final List<Placed> rows = new ArrayList<>();
  private final List<Bar> bars;
  private final double width;
  private final double height;

  private PhaseDiagram(
      String model, Diagram diagram, Function<String, String> words, int lineLength) {
    this.model = model;
    this.diagram = diagram;
    this.words = words;
    this.lineLength = lineLength;
    Diagram.STATES.stream()
        .filter(it -> diagram.rows().stream().anyMatch(row -> row.states().containsValue(it)))
        .forEach(states::add);
    centres = centres();
    width = right() + MARGIN;
    height = place();
    bars = bars();
  }

  /**
   * Draws a diagram as an {@code svg} element for inclusion in a page.
   *
   * @param model the model's name; it makes the ids unique within the page
   * @param words looks up a key of the messages, such as {@code diagram.lifeline.kernel}
   * @throws IllegalArgumentException if the diagram is invalid; the message names the row and the
   *     allowed values
   */
  static String svg(String model, Diagram diagram, Function<String, String> words) {
    diagram.check(model);
    PhaseDiagram drawn = null;
    for (int lineLength : LINE_LENGTHS) {
      PhaseDiagram next = new PhaseDiagram(model, diagram, words, lineLength);
      if (drawn == null || next.width < drawn.width) {
        drawn = next;
      }
      if (drawn.width <= NARROW) {
        break;
      }
    }
    if (drawn == null) {
      throw new IllegalStateException("no line lengths to try");
    }
    return drawn.draw();
  }

  // Layout.

  /** Computes the centres of the lifelines, as close together as bars, heads and arrows allow. */
  private double[] centres() {
    int lifelines = diagram.lifelines().size();
    double[] gaps = new double[lifelines - 1];
    for (int i = 0; i < gaps.length; i++) {
      gaps[i] = half(i) + half(i + 1) + GAP;
    }
    // Arrows between neighbours first: longer arrows may then have enough room.
    for (int span = 1; span < lifelines; span++) {
      for (Row row : diagram.rows()) {
        if (!row.isArrow() || span(row) != span) {
          continue;
        }
        int left = Math.min(from(row), to(row));
        double needed = TextWidth.of(lines(row), SIZE, TextWidth.MONOSPACE) + 2 * GAP;
        double missing = needed - DoubleStream.of(gaps).skip(left).limit(span).sum();
        for (int i = left; missing > 0 && i < left + span; i++) {
          gaps[i] += missing / span;
        }
      }
    }
    double[] places = new double[lifelines];
    places[0] = MARGIN + half(0);
    for (int i = 1; i < lifelines; i++) {
      places[i] = places[i - 1] + gaps[i - 1];
    }
    return places;
  }

  /** Returns half of the width of a lifeline's head and bars. */
  private double half(int lifeline) {
    return Math.max(headWidth(lifeline), barWidth(lifeline)) / 2;
  }

  private double headWidth(int lifeline) {
    return TextWidth.of(headLines(lifeline), HEAD_SIZE, TextWidth.PROPORTIONAL) + 2 * BAR_PADDING;
  }

  private double barWidth(int lifeline) {
    return diagram.rows().stream()
        .map(row -> row.states().get(diagram.lifelines().get(lifeline)))
        .filter(it -> it != null)
        .mapToDouble(it -> TextWidth.of(state(it), SIZE, TextWidth.PROPORTIONAL))
        .map(it -> it + 2 * BAR_PADDING)
        .max()
        .orElse(0);
  }

  private double right() {
    double edge = centres[centres.length - 1] + half(centres.length - 1);
    double label =
        diagram.rows().stream()
            .map(Row::phase)
            .filter(it -> it != null)
            .mapToDouble(it -> TextWidth.of(phase(it), SIZE, TextWidth.PROPORTIONAL))
            .max()
            .orElse(-1);
    return label < 0 ? edge : edge + GAP / 2 + BRACKET + 4 + label;
  }

  /** Places the rows below each other, and returns the total height. */
  private double place() {
    double y = MARGIN + headHeight() + 2;
    for (Row row : diagram.rows()) {
      double top = y;
      if (row.isArrow()) {
        y += ARROW_ABOVE + LEADING * lines(row).size();
        rows.add(new Placed(row, top, y));
        y += ARROW_BELOW;
      } else {
        int lines = row.phase() == null ? 1 : phase(row.phase()).size();
        for (String state : row.states().values()) {
          lines = Math.max(lines, state(state).size());
        }
        y += Math.max(BAR_HEIGHT, LEADING * lines + 6);
        rows.add(new Placed(row, top, y));
      }
    }
    return y + GAP + MARGIN;
  }

  /** Computes the bars of each lifeline. Equal states without interruption form one bar. */
  private List<Bar> bars() {
    List<Bar> bars = new ArrayList<>();
    for (int lifeline = 0; lifeline < centres.length; lifeline++) {
      Bar open = null;
      for (Placed placed : rows) {
        String state = placed.row().states().get(diagram.lifelines().get(lifeline));
        if (open != null && state != null && open.state().equals(state)) {
          open = new Bar(lifeline, state, open.top(), placed.bottom());
        } else if (state != null || (open != null && !passesBy(placed.row(), lifeline))) {
          if (open != null) {
            bars.add(open);
          }
          open = state == null ? null : new Bar(lifeline, state, placed.top(), placed.bottom());
        }
      }
      if (open != null) {
        bars.add(open);
      }
    }
    return bars;
  }

  /** Returns whether a row is an arrow that neither ends on a lifeline nor crosses it. */
  private boolean passesBy(Row row, int lifeline) {
    return row.isArrow()
        && (lifeline < Math.min(from(row), to(row)) || lifeline > Math.max(from(row), to(row)));
  }

  /** Computes the brackets. Rows of one phase with only calls between them share a bracket. */
  private List<Bracket> brackets() {
    List<Bracket> brackets = new ArrayList<>();
    boolean open = false;
    for (Placed placed : rows) {
      Integer phase = placed.row().phase();
      if (placed.row().isArrow()) {
        continue;
      }
      if (phase == null) {
        open = false;
        continue;
      }
      Bracket last = brackets.isEmpty() ? null : brackets.getLast();
      if (open && last != null && last.phase() == phase) {
        brackets.set(brackets.size() - 1, new Bracket(phase, last.top(), placed.bottom()));
      } else {
        brackets.add(new Bracket(phase, placed.top(), placed.bottom()));
      }
      open = true;
    }
    return brackets;
  }

  private int from(Row row) {
    return diagram.lifelines().indexOf(row.from());
  }

  private int to(Row row) {
    return diagram.lifelines().indexOf(row.to());
  }

  private int span(Row row) {
    return Math.abs(from(row) - to(row));
  }

  // Texts.

  private String word(String key) {
    return words.apply("diagram." + key);
  }

  private String head(int lifeline) {
    return word("lifeline." + diagram.lifelines().get(lifeline));
  }

  private List<String> headLines(int lifeline) {
    return TextWidth.wrapped(head(lifeline), HEAD_LINE);
  }

  private double headHeight() {
    int lines = 1;
    for (int lifeline = 0; lifeline < diagram.lifelines().size(); lifeline++) {
      lines = Math.max(lines, headLines(lifeline).size());
    }
    return LEADING * lines + 2 * HEAD_PADDING;
  }

  private List<String> state(String state) {
    return TextWidth.wrapped(word("state." + state), WORD_LINE);
  }

  private String text(Row row) {
    String text = String.valueOf(row.text());
    return text.startsWith("$") ? word(text.substring(1)) : text;
  }

  private List<String> lines(Row row) {
    return TextWidth.wrapped(text(row), lineLength);
  }

  private List<String> phase(int phase) {
    return TextWidth.wrapped(word("phase." + phase), PHASE_LINE);
  }

  /** Describes all rows in sentences, for screen readers. */
  private String description() {
    return diagram.rows().stream().map(this::sentence).collect(joining(" "));
  }

  private String sentence(Row row) {
    if (row.isArrow()) {
      return word("step.call")
          .replace("{from}", head(from(row)))
          .replace("{to}", head(to(row)))
          .replace("{text}", text(row));
    }
    String all =
        row.states().entrySet().stream()
            .map(
                it ->
                    word("step.state")
                        .replace("{lifeline}", word("lifeline." + it.getKey()))
                        .replace("{state}", word("state." + it.getValue())))
            .collect(joining(word("step.separator")));
    return row.phase() == null
        ? word("step.states").replace("{states}", all)
        : word("step.phase")
            .replace("{phase}", word("phase." + row.phase()))
            .replace("{states}", all);
  }

  // Drawing.

  private String draw() {
    Markup svg = new Markup();
    svg.open("svg", "xmlns", "http://www.w3.org/2000/svg", "role", "img");
    svg.with("class", width > NARROW ? "diagram wide" : "diagram");
    svg.with("aria-labelledby", id("title") + " " + id("steps"));
    svg.with("viewBox", "0 0 %s %s".formatted(number(width), number(height)));
    svg.with("width", width, "height", height);
    svg.element("title", word("title").replace("{model}", model), "id", id("title"));
    svg.element("desc", description(), "id", id("steps"));
    definitions(svg);
    lifelines(svg);
    bars.forEach(bar -> bar(svg, bar));
    rows.forEach(it -> bytes(svg, it));
    rows.stream().filter(it -> it.row().isArrow()).forEach(it -> arrow(svg, it));
    brackets().forEach(it -> bracket(svg, it));
    svg.close("svg");
    return svg.toString();
  }

  private String id(String name) {
    return "diagram-"
        + model.replaceAll("[^A-Za-z0-9]+", "-").toLowerCase(Locale.ROOT)
        + "-"
        + name;
  }

  /** Defines the patterns that distinguish states without colours. */
  private void definitions(Markup svg) {
    svg.open("defs");
    for (String state : states) {
      String strokes = strokes(state);
      if (!strokes.isEmpty()) {
        svg.open("pattern", "id", id(state), "class", "state-" + state);
        svg.with("width", 8, "height", 8, "patternUnits", "userSpaceOnUse");
        svg.empty("path", "class", "hatch", "d", strokes);
        svg.close("pattern");
      }
    }
    svg.close("defs");
  }

  /** Returns the path of a pattern in a square of 8 × 8, or an empty string for a plain bar. */
  private static String strokes(String state) {
    return switch (state) {
      case "wait" -> "M-2,2l4,-4M0,8l8,-8M6,10l4,-4";
      case "copy" -> "M0,2h8M0,6h8";
      case "ask" -> "M0,0l8,8M0,8l8,-8";
      case "free" -> "M2,2h.01M6,6h.01";
      case "parked" -> "M2,0v8M6,0v8";
      default -> "";
    };
  }

  private void lifelines(Markup svg) {
    double top = MARGIN;
    for (int lifeline = 0; lifeline < centres.length; lifeline++) {
      double x = centres[lifeline];
      svg.open("g", "class", "lifeline lifeline-" + diagram.lifelines().get(lifeline));
      for (double[] piece : pieces(lifeline, top + headHeight(), height - MARGIN)) {
        String path = "M%s,%sV%s".formatted(number(x), number(piece[0]), number(piece[1]));
        svg.empty("path", "class", "time", "d", path);
      }
      rectangle(svg, "head", x - headWidth(lifeline) / 2, top, headWidth(lifeline), headHeight());
      lines(svg, "heading", x, top + headHeight() / 2, HEAD_SIZE, headLines(lifeline));
      svg.close("g");
    }
  }

  /** Computes the visible pieces of a lifeline's line, which bars and texts interrupt. */
  private List<double[]> pieces(int lifeline, double top, double bottom) {
    List<double[]> covered = new ArrayList<>();
    bars.stream()
        .filter(it -> it.lifeline() == lifeline)
        .forEach(it -> covered.add(new double[] {it.top() + 1, it.bottom() - 1}));
    for (Placed placed : rows) {
      Row row = placed.row();
      if (!row.isArrow()
          || lifeline == from(row)
          || lifeline == to(row)
          || passesBy(row, lifeline)) {
        continue;
      }
      double reach = TextWidth.of(lines(row), SIZE, TextWidth.MONOSPACE) / 2 + 3;
      if (Math.abs(centres[lifeline] - middle(row)) < reach) {
        double above = placed.bottom() - LEADING * lines(row).size() - 4;
        covered.add(new double[] {above, placed.bottom() - 1});
      }
    }
    covered.sort(Comparator.comparingDouble(it -> it[0]));
    List<double[]> pieces = new ArrayList<>();
    double from = top;
    for (double[] each : covered) {
      pieces.add(new double[] {from, each[0]});
      from = each[1];
    }
    pieces.add(new double[] {from, bottom});
    pieces.removeIf(it -> it[1] - it[0] < 1);
    return pieces;
  }

  private double middle(Row row) {
    return (centres[from(row)] + centres[to(row)]) / 2;
  }

  private void bar(Markup svg, Bar bar) {
    double left = centres[bar.lifeline()] - barWidth(bar.lifeline()) / 2;
    double barHeight = bar.bottom() - bar.top() - 2;
    svg.open("g", "class", "bar state-" + bar.state());
    rectangle(svg, "fill", left, bar.top() + 1, barWidth(bar.lifeline()), barHeight);
    if (!strokes(bar.state()).isEmpty()) {
      rectangle(svg, "pattern", left, bar.top() + 1, barWidth(bar.lifeline()), barHeight);
      svg.with("fill", "url(#%s)".formatted(id(bar.state())));
    }
    double middle = (bar.top() + bar.bottom()) / 2;
    lines(svg, "word", centres[bar.lifeline()], middle, SIZE, state(bar.state()));
    svg.close("g");
  }

  /** Draws the flow of bytes between the kernel and another lifeline while both copy. */
  private void bytes(Markup svg, Placed placed) {
    List<String> lifelines = diagram.lifelines();
    int kernel = lifelines.size() - 1;
    int copier = -1;
    for (int lifeline = 0; lifeline < kernel; lifeline++) {
      String state = placed.row().states().get(lifelines.get(lifeline));
      // The lifeline nearest to the kernel: no bar may be in between.
      copier = "copy".equals(state) ? lifeline : state == null ? copier : -1;
    }
    if (copier < 0 || !"copy".equals(placed.row().states().get(lifelines.getLast()))) {
      return;
    }
    String path =
        "M%s,%sH%s"
            .formatted(
                number(centres[copier] + barWidth(copier) / 2 + 6),
                number((placed.top() + placed.bottom()) / 2),
                number(centres[kernel] - barWidth(kernel) / 2 - 5));
    svg.empty("path", "class", "bytes state-copy", "d", path);
  }

  private void arrow(Markup svg, Placed placed) {
    Row row = placed.row();
    double from = centres[from(row)];
    double to = centres[to(row)];
    double y = placed.bottom();
    double back = Math.signum(from - to);
    List<String> lines = lines(row);
    svg.open("g", "class", "arrow");
    String path = "M%s,%sH%s".formatted(number(from), number(y), number(to + back * 7));
    svg.empty("path", "class", "shaft", "d", path);
    String tip = "M%s,%sl%s,-4v8z".formatted(number(to), number(y), number(back * 9));
    svg.empty("path", "class", "tip", "d", tip);
    svg.empty("circle", "class", "tip", "cx", from, "cy", y, "r", 2.2);
    String kind = String.valueOf(row.text()).startsWith("$") ? "told" : "code";
    for (int i = 0; i < lines.size(); i++) {
      double baseline = y - 5 - LEADING * (lines.size() - 1 - i);
      text(svg, kind, middle(row), baseline, lines.get(i));
    }
    svg.close("g");
  }

  private void bracket(Markup svg, Bracket bracket) {
    int last = centres.length - 1;
    double x = centres[last] + half(last) + GAP / 2;
    double top = bracket.top() + 3;
    double bottom = bracket.bottom() - 3;
    double middle = (top + bottom) / 2;
    svg.open("g", "class", "phase phase-" + (bracket.phase() == 1 ? "wait" : "copy"));
    String brace =
        "M%1$s,%2$sq4,0 4,4V%3$sq0,4 4,4q-4,0 -4,4V%4$sq0,4 -4,4"
            .formatted(number(x), number(top), number(middle - 4), number(bottom - 4));
    svg.empty("path", "class", "brace", "d", brace);
    List<String> lines = phase(bracket.phase());
    lines(svg, "name", x + BRACKET + 4, middle, SIZE, lines);
    svg.close("g");
  }

  /** Draws lines of text, vertically centred at {@code middle}. */
  private static void lines(
      Markup svg, String kind, double x, double middle, double size, List<String> lines) {
    for (int i = 0; i < lines.size(); i++) {
      double baseline = middle + size * 0.35 + LEADING * (i - (lines.size() - 1) / 2.0);
      text(svg, kind, x, baseline, lines.get(i));
    }
  }

  private static void text(Markup svg, String kind, double x, double y, String text) {
    svg.element("text", text, "class", kind, "x", x, "y", y);
  }

  private static void rectangle(
      Markup svg, String kind, double x, double y, double width, double height) {
    svg.empty("rect", "class", kind, "x", x, "y", y, "width", width, "height", height, "rx", 3);
  }

  private static String number(double value) {
    return Markup.number(value);
  }
}
