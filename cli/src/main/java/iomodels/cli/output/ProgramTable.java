package iomodels.cli.output;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import picocli.CommandLine.Help.Ansi;

/** The table of programs that {@code compare} prints below the models. */
public final class ProgramTable {

  private final PrintWriter out;
  private final Table table;

  /**
   * A table that has room for these programs.
   *
   * @param threads the descriptions of the threads
   * @param width how wide the table may be
   */
  public ProgramTable(
      PrintWriter out,
      List<String> programs,
      List<String> styles,
      List<String> threads,
      int width) {
    this.out = out;
    table =
        new Table(
            out,
            List.of(
                Table.Column.left("PROGRAM", programs),
                Table.Column.left("STYLE", styles),
                Table.Column.right("KEPT", 0),
                Table.Column.right("BROKEN", 0),
                Table.Column.right("LINES", 0),
                Table.Column.left("THREADS", threads).ranked(1)),
            width);
  }

  /**
   * A judged program; its JSON has these names.
   *
   * @param lines lines of code; empty if the sources are not there
   * @param threads description of the threads
   * @param source name of the class
   * @param inconclusive number of rules for which the kit cannot tell
   * @param errors number of rules whose check failed
   * @param brokenRules the broken rules, with the reason; the other two lists likewise
   * @param failure why it did not start; empty if it did
   */
  public record Row(
      String program,
      String style,
      long kept,
      long broken,
      long inconclusive,
      long errors,
      List<String> brokenRules,
      List<String> inconclusiveRules,
      List<String> errorRules,
      OptionalLong lines,
      String threads,
      String source,
      String failure) {

    /** Whether each rule that applies has a verdict. */
    public boolean hasAllVerdicts() {
      return inconclusive == 0 && errors == 0;
    }

    /** Whether a rule was broken, or the program did not start. */
    public boolean failed() {
      return broken > 0 || !failure.isEmpty();
    }
  }

  /** Prints the titles of the columns. */
  public void head() {
    table.head();
  }

  /** Prints a row, and below it the program's broken and inconclusive rules. */
  public void row(Row row) {
    table.row(cells(row));
    explain(row);
    out.flush();
  }

  /** Prints the notes below the table. */
  public void explain() {
    table.hint();
    out.println();
    out.println(
        "LINES: lines of code of the program's own class, without comments and imports; shared"
            + " classes are not counted.");
    out.println("Start one: iomodels serve STYLE --program PROGRAM");
    out.flush();
  }

  private static List<String> cells(Row row) {
    boolean judged = row.failure().isEmpty();
    return List.of(
        row.program(),
        row.style(),
        judged ? String.valueOf(row.kept()) : "–",
        !judged ? "–" : row.broken() == 0 ? "0" : "@|bold,red " + row.broken() + "|@",
        row.lines().isEmpty() ? "–" : String.format(Locale.ROOT, "%d", row.lines().getAsLong()),
        row.threads());
  }

  private void explain(Row row) {
    String name = Ansi.AUTO.string("@|bold,red %s %s|@".formatted(row.style(), row.program()));
    if (!row.failure().isEmpty()) {
      out.printf("%s could not be judged: %s%n", name, row.failure());
    }
    row.brokenRules().forEach(it -> out.printf("%s breaks %s%n", name, it));
    row.inconclusiveRules().forEach(it -> out.printf("%s: no verdict: %s%n", name, it));
    row.errorRules().forEach(it -> out.printf("%s: no verdict: %s%n", name, it));
  }
}
