package iomodels.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Text;

/**
 * A table that is printed row by row, as rows become known.
 *
 * @param out where to
 * @param columns from left to right
 */
record Table(PrintWriter out, List<Column> columns) {

  private static final String GAP = "  ";

  /**
   * A column.
   *
   * @param title its head
   * @param width in characters; what is longer pushes the rest aside
   * @param right whether it is set to the right, as numbers are
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

  void head() {
    row(columns.stream().map(column -> "@|bold " + column.title() + "|@").toList());
  }

  /**
   * Prints a row; a cell may hold picocli's markup, which is left out where there are no colours.
   */
  void row(List<String> cells) {
    out.println(
        IntStream.range(0, columns.size())
            .mapToObj(i -> columns.get(i).set(cells.get(i)).toString())
            .collect(Collectors.joining(GAP))
            .stripTrailing());
    out.flush();
  }

  /** Prints a table whose rows are all known. */
  static void print(PrintWriter out, List<String> titles, List<List<String>> rows) {
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
