package iomodels.cli;

import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import picocli.CommandLine.Help.Ansi;

/** The programs in each style, as {@code compare} has them: below the models. */
final class ComparedPages {

  private ComparedPages() {}

  /** A program in a style. */
  record Page(StyleProvider style, StyleProvider.Page it) {

    Program program() {
      return it.program();
    }

    String name() {
      return "%s %s".formatted(style.style(), program());
    }
  }

  /**
   * The same, judged, as it stands in JSON.
   *
   * @param lines of code; empty without sources
   * @param threads in words
   * @param source the class
   * @param unknown how many rules are inconclusive, or failed to be checked
   * @param unknownRules those, with the reason
   * @param failure why it did not start; empty if it did
   */
  record Row(
      String program,
      String style,
      long kept,
      long broken,
      long unknown,
      List<String> brokenRules,
      List<String> unknownRules,
      OptionalLong lines,
      String threads,
      String source,
      String failure) {

    boolean failed() {
      return broken > 0 || !failure.isEmpty();
    }
  }

  /** Those of some styles, program by program, so that what can be compared is together. */
  static List<Page> of(List<StyleProvider> styles) {
    List<Page> pages = new ArrayList<>();
    for (Program program : Programs.all()) {
      for (StyleProvider style : styles) {
        style.page(program).ifPresent(it -> pages.add(new Page(style, it)));
      }
    }
    return List.copyOf(pages);
  }

  /** How many steps {@link #judge} takes. */
  static long steps(List<Page> pages) {
    return pages.stream().mapToLong(it -> Rules.of(it.program()).size()).sum();
  }

  /** A page that does not start is a row, too. */
  static Row judge(Page page, long seed, Progress progress) throws InterruptedException {
    List<Rule> rules = Rules.of(page.program());
    try (StyleTarget target = StyleTarget.toBeJudged(page.style(), page.program())) {
      progress.say(page.name() + ": judging");
      ProgramTargets.demandThatItStarts(target);
      Report report = new Kit(rules, Bounds.STANDARD, seed).judge(target, _ -> progress.step());
      return row(page, report, "");
    } catch (IOException e) {
      rules.forEach(_ -> progress.step());
      Report nothing = new Report(page.name(), List.of(), List.of());
      return row(page, nothing, String.valueOf(e.getMessage()));
    }
  }

  private static Row row(Page page, Report report, String failure) {
    return new Row(
        page.program().name(),
        page.style().style(),
        report.count(Verdict.KEPT),
        report.count(Verdict.BROKEN),
        report.unanswered(),
        described(report, Verdict.BROKEN),
        described(report, Verdict.INCONCLUSIVE, Verdict.ERROR),
        Sources.lines(page.it().source()),
        page.it().threads(),
        page.it().source().getName(),
        failure);
  }

  static List<String> described(Report report, Verdict... verdicts) {
    return report.findings().stream()
        .filter(it -> List.of(verdicts).contains(it.verdict()))
        .map(Findings::describe)
        .toList();
  }

  static void print(PrintWriter out, List<Row> rows) {
    Table table =
        new Table(
            out,
            List.of(
                Table.Column.left("PROGRAM", rows.stream().map(Row::program).toList()),
                Table.Column.left("STYLE", rows.stream().map(Row::style).toList()),
                Table.Column.right("KEPT", 0),
                Table.Column.right("BROKEN", 0),
                Table.Column.right("LINES", 0),
                Table.Column.left("THREADS", rows.stream().map(Row::threads).toList())));
    table.head();
    rows.forEach(row -> table.row(cells(row)));
    out.println();
    out.println(
        "LINES: of code, without comments and imports, of the page; what pages share is not"
            + " counted.");
    out.println("Start one: iomodels serve STYLE --program PROGRAM");
    rows.forEach(row -> explain(out, row));
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

  private static void explain(PrintWriter out, Row row) {
    String name = Ansi.AUTO.string("@|bold,red %s %s|@".formatted(row.style(), row.program()));
    if (!row.failure().isEmpty()) {
      out.printf("%s could not be judged: %s%n", name, row.failure());
    }
    row.brokenRules().forEach(it -> out.printf("%s breaks %s%n", name, it));
    row.unknownRules().forEach(it -> out.printf("%s: no verdict: %s%n", name, it));
  }
}
