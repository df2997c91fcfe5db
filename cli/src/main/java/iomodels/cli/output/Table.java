package iomodels.cli.output;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Text;

/**
 * A table that is printed row by row, as rows become known.
 *
 * @param out where the table is printed
 * @param columns from left to right
 */
public record Table(PrintWriter out, List<Column> columns) {

  private static final String GAP = "  ";

  /**
   * A column.
   *
   * @param title title of the column
   * @param width width in characters; a longer cell moves the following ones
   * @param right whether cells are right-aligned, as numbers are
   */
  record Column(String title, int width, boolean right) {

    static Column left(String title, List<String> cells) {
      int widest = cells.stream().mapToInt(String::length).max().orElse(0);
      return new Column(title, Math.max(title.length(), widest), false);
    }

    static Column right(String title, int width) {
      return new Column(title, Math.max(title.length(), width), true);
    }

    private Text set(String cell) {
      Text text = Ansi.AUTO.text(cell);
      String padding = " ".repeat(Math.max(0, width - text.getCJKAdjustedLength()));
      return right ? Ansi.AUTO.text(padding).concat(text) : text.concat(padding);
    }
  }

  /** Prints the titles. */
  void head() {
    row(columns.stream().map(column -> "@|bold " + column.title() + "|@").toList());
  }

  /**
   * Prints a row. A cell may contain picocli's markup, which is removed if colours are disabled.
   */
  void row(List<String> cells) {
    out.println(
        IntStream.range(0, columns.size())
            .mapToObj(i -> columns.get(i).set(cells.get(i)).toString())
            .collect(Collectors.joining(GAP))
            .stripTrailing());
    out.flush();
  }

  /** Prints a complete table. */
  public static void print(PrintWriter out, List<String> titles, List<List<String>> rows) {
    List<Column> columns =
        IntStream.range(0, titles.size())
            .mapToObj(
                i -> Column.left(titles.get(i), rows.stream().map(row -> row.get(i)).toList()))
            .toList();
    Table table = new Table(out, columns);
    table.head();
    rows.forEach(table::row);
  }
}
