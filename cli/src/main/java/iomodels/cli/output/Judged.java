package iomodels.cli.output;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import iomodels.conformance.Finding;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A judged subject, in the words and the order of every kind of report.
 *
 * @param report the findings
 * @param command the command that judges the subject by all rules
 * @param selection options that select rules, as they stand behind the command
 * @param seed the seed of the run
 * @param when the time of the verdict
 * @param strict whether rules of the level SHOULD bind as well
 */
public record Judged(
    Report report, String command, String selection, long seed, Instant when, boolean strict) {

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private static final Map<Verdict, String> COUNTED = new LinkedHashMap<>();

  static {
    COUNTED.put(Verdict.KEPT, "kept");
    COUNTED.put(Verdict.BROKEN, "broken");
    COUNTED.put(Verdict.SKIPPED, "skipped");
    COUNTED.put(Verdict.INCONCLUSIVE, "inconclusive");
    COUNTED.put(Verdict.ERROR, "errors");
  }

  /** The name of the subject. */
  String target() {
    return report.target();
  }

  /** The verdict as a clause. */
  String verdict() {
    return Findings.outcome(report, strict);
  }

  /** The number of rules for each verdict. */
  String score() {
    return COUNTED.entrySet().stream()
        .map(it -> "%d %s".formatted(report.count(it.getKey()), it.getValue()))
        .collect(joining(", "));
  }

  /** The time of the verdict, for people. */
  String date() {
    return DATE.format(when);
  }

  /** The time of the verdict, for programs (ISO 8601). */
  String timestamp() {
    return when.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** The command that judges the subject again in the same way. */
  String again() {
    return "%s%s --seed %d".formatted(command, selection, seed);
  }

  /** The command that checks the rule again with the same bytes. */
  String again(Finding finding) {
    return "%s --rule %s --seed %d".formatted(command, finding.rule().id(), finding.seed());
  }

  /** All findings; failures first. */
  List<Finding> failuresFirst() {
    List<Finding> all = report.findings();
    return Stream.of(
            all.stream().filter(it -> it.isFailure(strict)),
            all.stream().filter(it -> it.verdict() == Verdict.BROKEN && !it.isFailure(strict)),
            of(Verdict.ERROR),
            of(Verdict.INCONCLUSIVE),
            of(Verdict.SKIPPED),
            of(Verdict.KEPT))
        .flatMap(it -> it)
        .toList();
  }

  private Stream<Finding> of(Verdict verdict) {
    return report.findings().stream().filter(it -> it.verdict() == verdict);
  }

  /** The findings that a report describes one by one; failures first. */
  List<Finding> described() {
    return failuresFirst().stream().filter(it -> !isInGroup(it)).toList();
  }

  /** The rules with a verdict that no test gave them, by the reason for it. */
  Map<String, List<Rule>> groups(Verdict verdict) {
    return of(verdict)
        .filter(Judged::isInGroup)
        .collect(groupingBy(Finding::detail, LinkedHashMap::new, mapping(Finding::rule, toList())));
  }

  /** The rules that were kept. */
  List<Rule> kept() {
    return of(Verdict.KEPT).map(Finding::rule).toList();
  }

  /** Whether the verdict is the same for other rules: nothing was sent or received for it. */
  private static boolean isInGroup(Finding finding) {
    return switch (finding.verdict()) {
      case KEPT, SKIPPED -> true;
      case INCONCLUSIVE -> finding.transcript().isEmpty();
      case BROKEN, ERROR -> false;
    };
  }
}
