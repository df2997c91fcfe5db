package iomodels.cli.targets;

import iomodels.cli.output.Findings;
import iomodels.cli.output.ProgramTable;
import iomodels.cli.output.Progress;
import iomodels.cli.project.ProjectFiles;
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

/** Judges programs in each style, for {@code compare}. */
public final class ProgramPages {

  private ProgramPages() {}

  /** A program in a style. */
  public record Page(StyleProvider style, StyleProvider.Page it) {

    Program program() {
      return it.program();
    }

    public String name() {
      return "%s %s".formatted(style.style(), program());
    }
  }

  /** Returns the programs of the given styles, ordered by program, to make comparison easy. */
  public static List<Page> of(List<StyleProvider> styles) {
    List<Page> pages = new ArrayList<>();
    for (Program program : Programs.all()) {
      for (StyleProvider style : styles) {
        style.page(program).ifPresent(it -> pages.add(new Page(style, it)));
      }
    }
    return List.copyOf(pages);
  }

  /** A table that has room for these pages. */
  public static ProgramTable table(PrintWriter out, List<Page> pages, int width) {
    return new ProgramTable(
        out,
        pages.stream().map(it -> it.program().name()).toList(),
        pages.stream().map(it -> it.style().style()).toList(),
        pages.stream().map(it -> it.it().threads()).toList(),
        width);
  }

  /** Number of progress steps that {@link #judge} reports for these pages. */
  public static long steps(List<Page> pages) {
    return pages.stream().mapToLong(it -> Rules.of(it.program()).size()).sum();
  }

  /** Judges a program. One that does not start is a row with the reason. */
  public static ProgramTable.Row judge(Page page, long seed, Progress progress)
      throws InterruptedException {
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

  private static ProgramTable.Row row(Page page, Report report, String failure) {
    return new ProgramTable.Row(
        page.program().name(),
        page.style().style(),
        report.count(Verdict.KEPT),
        report.count(Verdict.BROKEN),
        report.count(Verdict.INCONCLUSIVE),
        report.count(Verdict.ERROR),
        Findings.described(report, Verdict.BROKEN),
        Findings.described(report, Verdict.INCONCLUSIVE),
        Findings.described(report, Verdict.ERROR),
        ProjectFiles.lines(page.it().source()),
        page.it().threads(),
        page.it().source().getName(),
        failure);
  }
}
