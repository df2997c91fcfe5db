package iomodels.cli.output;

import static java.util.stream.Collectors.joining;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Text;

/**
 * A table that is printed row by row, as rows become known. If it is too wide for the terminal, it
 * leaves out columns, and wraps the last one.
 */
public final class Table {

  private static final String GAP = "  ";

  /** A narrower last column would be hard to read: the terminal wraps the line instead. */
  private static final int NARROWEST = 24;

  private final PrintWriter out;
  private final List<Column> columns;
  private final int width;
  private final List<Integer> shown;

  /**
   * Creates a table.
   *
   * @param out where the table is printed
   * @param columns from left to right
   * @param width how wide the table may be
   */
  public Table(PrintWriter out, List<Column> columns, int width) {
    this.out = out;
    this.columns = List.copyOf(columns);
    this.width = width;
    shown = fitting(columns, width);
  }

  /**
   * A column.
   *
   * @param title title of the column
   * @param width width in characters; a longer cell moves the following ones
   * @param right whether cells are right-aligned, as numbers are
   * @param rank how dispensable the column is: the highest rank is left out first; 0 never is
   */
  record Column(String title, int width, boolean right, int rank) {

    static Column left(String title, List<String> cells) {
      int widest = cells.stream().mapToInt(String::length).max().orElse(0);
      return new Column(title, Math.max(title.length(), widest), false, 0);
    }

    static Column right(String title, int width) {
      return new Column(title, Math.max(title.length(), width), true, 0);
    }

    Column ranked(int newRank) {
      return new Column(title, width, right, newRank);
    }

    private Text set(String cell) {
      Text text = Ansi.AUTO.text(cell);
      String padding = " ".repeat(Math.max(0, width - text.getCJKAdjustedLength()));
      return right ? Ansi.AUTO.text(padding).concat(text) : text.concat(padding);
    }
  }

  /** The indexes of the columns that fit; if not even those of rank 0 do, these. */
  private static List<Integer> fitting(List<Column> columns, int width) {
    List<Integer> shown = new ArrayList<>(IntStream.range(0, columns.size()).boxed().toList());
    int highest = columns.stream().mapToInt(Column::rank).max().orElse(0);
    for (int rank = highest; rank > 0 && width(columns, shown) > width; rank--) {
      int dispensable = rank;
      shown.removeIf(it -> columns.get(it).rank() == dispensable);
    }
    return List.copyOf(shown);
  }

  private static int width(List<Column> columns, List<Integer> shown) {
    int gaps = GAP.length() * (shown.size() - 1);
    return shown.stream().mapToInt(it -> columns.get(it).width()).sum() + gaps;
  }

  /** The number of columns, with those that are left out. */
  int size() {
    return columns.size();
  }

  /** Prints the titles. */
  void head() {
    print(columns.stream().map(column -> "@|bold " + column.title() + "|@").toList());
  }

  /**
   * Prints a row. A cell may contain picocli's markup, which is removed if colours are disabled.
   */
  void row(List<String> cells) {
    int last = shown.getLast();
    int before =
        width(columns, shown.subList(0, shown.size() - 1)) + (shown.size() > 1 ? GAP.length() : 0);
    String cell = cells.get(last);
    boolean wraps = !columns.get(last).right() && width - before >= NARROWEST;
    List<String> lines =
        wraps && !cell.contains("@|") ? wrapped(cell, width - before) : List.of(cell);
    List<String> first = new ArrayList<>(cells);
    first.set(last, lines.getFirst());
    print(first);
    lines.stream().skip(1).forEach(line -> out.println(" ".repeat(before) + line));
    out.flush();
  }

  private void print(List<String> cells) {
    out.println(
        shown.stream()
            .map(i -> columns.get(i).set(cells.get(i)).toString())
            .collect(joining(GAP))
            .stripTrailing());
    out.flush();
  }

  /** Breaks a text at blanks into lines of this width; a longer word has a line of its own. */
  private static List<String> wrapped(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  /** Names the columns that are left out, if there are any, and how to see them. */
  void hint() {
    if (shown.size() < columns.size()) {
      String titles =
          IntStream.range(0, columns.size())
              .filter(it -> !shown.contains(it))
              .mapToObj(it -> columns.get(it).title())
              .collect(joining(", "));
      out.println(Ansi.AUTO.string("@|faint Add --wide for: %s|@".formatted(titles)));
      out.flush();
    }
  }

  /** Prints a complete table; on a terminal, the last column is wrapped. */
  public static void print(PrintWriter out, List<String> titles, List<List<String>> rows) {
    print(out, titles, rows, List.of(), TerminalWidth.ofStandardOutput());
  }

  /**
   * Prints a complete table.
   *
   * @param dispensable titles of columns that may be left out; the first one is the first to go
   * @param width how wide the table may be
   */
  public static void print(
      PrintWriter out,
      List<String> titles,
      List<List<String>> rows,
      List<String> dispensable,
      int width) {
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < titles.size(); i++) {
      int index = i;
      String title = titles.get(i);
      int rank = dispensable.contains(title) ? dispensable.size() - dispensable.indexOf(title) : 0;
      columns.add(
          Column.left(title, rows.stream().map(row -> row.get(index)).toList()).ranked(rank));
    }
    Table table = new Table(out, columns, width);
    table.head();
    rows.forEach(table::row);
    table.hint();
  }
}
