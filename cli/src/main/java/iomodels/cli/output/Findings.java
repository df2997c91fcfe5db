package iomodels.cli.output;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import iomodels.service.Service;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Words for findings of the conformance kit; and the findings as JSON and as a grid. */
public final class Findings {

  private Findings() {}

  /** A report; its JSON has these names. */
  public record Plain(
      String target,
      Verdict outcome,
      String date,
      long seed,
      String command,
      List<Row> findings,
      List<String> notes,
      List<String> waived) {}

  /** A finding; its JSON has these names. */
  public record Row(
      String rule,
      String level,
      String sentence,
      String service,
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
  public static Plain plain(Judged judged) {
    Report report = judged.report();
    List<Row> rows =
        report.findings().stream()
            .map(
                finding ->
                    new Row(
                        finding.rule().id(),
                        finding.rule().level().name(),
                        finding.rule().sentence(),
                        report.service(finding.rule()).map(Service::name).orElse(""),
                        finding.verdict(),
                        finding.detail(),
                        finding.transcript(),
                        finding.took().toNanos() / 1e6))
            .toList();
    return new Plain(
        report.target(),
        report.outcome(judged.strict()),
        judged.timestamp(),
        judged.seed(),
        judged.again(),
        rows,
        report.notes(),
        report.waived().stream().map(Precondition::shown).sorted().toList());
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

  /** Returns what was waived as text, separated by commas; empty if there are none. */
  static String waived(Report report) {
    return report.waived().stream().map(Precondition::shown).sorted().collect(joining(", "));
  }

  /**
   * Returns the verdict on a subject as a clause, which names what was waived, and how much was
   * tried.
   */
  public static String outcome(Report report, boolean strict) {
    String tried = "%d of %d rules tried".formatted(report.tried(), ofContract(report));
    return switch (report.outcome(strict)) {
      case KEPT ->
          report.waived().isEmpty()
              ? "it conforms, " + tried
              : "it conforms, with %s waived, %s".formatted(waived(report), tried);
      case BROKEN -> "it does not conform, " + tried;
      case SKIPPED, INCONCLUSIVE ->
          "the kit cannot tell whether it conforms, %s%s"
              .formatted(report.isEnough() ? "" : "only ", tried);
      case ERROR -> "the kit failed, " + tried;
    };
  }

  /** The number of rules that the contract has for what the subject provides. */
  private static long ofContract(Report report) {
    Stream<List<Rule>> ofPrograms = Programs.all().stream().map(Rules::of);
    return Stream.concat(Stream.of(Rules.all(), Rules.ofClients()), ofPrograms)
        .filter(rules -> report.findings().stream().anyMatch(it -> rules.contains(it.rule())))
        .flatMap(List::stream)
        .filter(report::concerns)
        .count();
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
