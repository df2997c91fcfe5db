package iomodels.cli.output;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Help.Ansi;

/** Prints findings of the conformance kit as text, and converts them for JSON. */
public final class Findings {

  private Findings() {}

  /** A report; its JSON has these names. */
  public record Plain(
      String target,
      long seed,
      Verdict outcome,
      List<Row> findings,
      List<String> notes,
      List<String> waived) {}

  /** A finding; its JSON has these names. */
  public record Row(
      String rule,
      String level,
      String sentence,
      Verdict verdict,
      String detail,
      List<String> transcript,
      double milliseconds) {}

  /** All rules, in the order of the contract. */
  public static List<Rule> allRules() {
    Stream<Rule> ofPrograms = Programs.all().stream().flatMap(it -> Rules.of(it).stream());
    return Stream.of(Rules.all().stream(), Rules.ofClients().stream(), ofPrograms)
        .flatMap(Function.identity())
        .toList();
  }

  /** Converts a report for JSON. */
  public static Plain plain(Report report, long seed, boolean strict) {
    List<Row> rows =
        report.findings().stream()
            .map(
                finding ->
                    new Row(
                        finding.rule().id(),
                        finding.rule().level().name(),
                        finding.rule().sentence(),
                        finding.verdict(),
                        finding.detail(),
                        finding.transcript(),
                        finding.took().toNanos() / 1e6))
            .toList();
    return new Plain(
        report.target(),
        seed,
        report.outcome(strict),
        rows,
        report.notes(),
        report.waived().stream().map(Precondition::shown).sorted().toList());
  }

  /**
   * Prints a finding: one line, or more if the rule was not kept.
   *
   * @param command the command that judges the target by all rules
   */
  public static void print(PrintWriter out, Finding finding, String command) {
    out.printf("%s %s %s%n", mark(finding), finding.rule().id(), finding.rule().sentence());
    switch (finding.verdict()) {
      case KEPT -> {}
      case SKIPPED, INCONCLUSIVE ->
          out.printf("          %s%n", TerminalText.safe(finding.detail()));
      case BROKEN, ERROR -> {
        out.printf("          %s%n", TerminalText.safe(finding.detail()));
        finding
            .transcript()
            .forEach(line -> out.printf("          | %s%n", TerminalText.safe(line)));
        if (finding.verdict() == Verdict.BROKEN) {
          out.printf("          why: %s%n", finding.rule().why());
        }
        out.printf("          again: %s%n", again(finding, command));
      }
    }
    out.flush();
  }

  /** The command that checks the rule again with the same bytes. */
  static String again(Finding finding, String command) {
    return "%s --rule %s --seed %d".formatted(command, finding.rule().id(), finding.seed());
  }

  /** A finding in one line: the rule and the detail. */
  static String describe(Finding finding) {
    return "%s %s %s".formatted(finding.rule().id(), finding.rule().sentence(), finding.detail());
  }

  /** Returns a line for each finding with one of these verdicts. */
  public static List<String> described(Report report, Verdict... verdicts) {
    return report.findings().stream()
        .filter(it -> List.of(verdicts).contains(it.verdict()))
        .map(Findings::describe)
        .toList();
  }

  private static String mark(Finding finding) {
    String word = finding.verdict().name().toLowerCase(java.util.Locale.ROOT);
    String style =
        switch (finding.verdict()) {
          case KEPT -> "green";
          case BROKEN -> finding.isFailure(false) ? "bold,red" : "yellow";
          case SKIPPED -> "faint";
          case INCONCLUSIVE -> "yellow";
          case ERROR -> "bold,red";
        };
    return Ansi.AUTO.string("@|%s %-8s|@".formatted(style, word));
  }

  /** Prints the notes and the last line of a report: counts and verdict. */
  public static void summarize(PrintWriter out, Report report, long seed, boolean strict) {
    report.notes().forEach(note -> out.printf("note      %s%n", note));
    if (!report.waived().isEmpty()) {
      out.printf("waived    %s%n", waived(report));
    }
    out.printf(
        "%s: %d kept, %d broken, %d skipped, %d inconclusive, %d errors: %s (seed %d)%n",
        report.target(),
        report.count(Verdict.KEPT),
        report.count(Verdict.BROKEN),
        report.count(Verdict.SKIPPED),
        report.count(Verdict.INCONCLUSIVE),
        report.count(Verdict.ERROR),
        outcome(report, strict),
        seed);
    out.flush();
  }

  /** Returns what was waived as text, separated by commas; empty if there are none. */
  static String waived(Report report) {
    return report.waived().stream().map(Precondition::shown).sorted().collect(joining(", "));
  }

  /** Returns the verdict on a subject as a clause, which names what was waived. */
  public static String outcome(Report report, boolean strict) {
    return switch (report.outcome(strict)) {
      case KEPT ->
          report.waived().isEmpty()
              ? "it conforms"
              : "it conforms, with %s waived".formatted(waived(report));
      case BROKEN -> "it does not conform";
      case SKIPPED, INCONCLUSIVE -> "the kit cannot tell whether it conforms";
      case ERROR -> "the kit failed";
    };
  }

  /** Prints a grid of rules by subjects. */
  public static void grid(PrintWriter out, List<Rule> rules, List<Report> reports) {
    out.println();
    List<String> heads = new ArrayList<>(List.of("RULE"));
    for (int i = 1; i <= reports.size(); i++) {
      heads.add(String.valueOf(i));
    }
    List<List<String>> rows = new ArrayList<>();
    for (Rule rule : rules) {
      List<String> row = new ArrayList<>(List.of(rule.id()));
      reports.forEach(report -> row.add(sign(report, rule)));
      if (row.stream().skip(1).anyMatch(sign -> !sign.isEmpty())) {
        rows.add(row);
      }
    }
    Table.print(out, heads, rows);
    out.println();
    for (int i = 1; i <= reports.size(); i++) {
      out.printf("%d %s%n", i, reports.get(i - 1).target());
    }
    out.println("+ kept, ! broken, ? inconclusive, E the check failed, - skipped");
    out.flush();
  }

  private static String sign(Report report, Rule rule) {
    return report.findings().stream()
        .filter(finding -> finding.rule().equals(rule))
        .findFirst()
        .map(
            finding ->
                switch (finding.verdict()) {
                  case KEPT -> "+";
                  case BROKEN -> "!";
                  case INCONCLUSIVE -> "?";
                  case ERROR -> "E";
                  case SKIPPED -> "-";
                })
        .orElse("");
  }
}
