package iomodels.cli.output;

import iomodels.conformance.Finding;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** Reports as text: the verdict first, then the failures, then the rules that were skipped. */
public final class TextReport {

  private static final int WIDTH = 80;

  /** The width of the word for a verdict; the mark itself may contain the codes of a colour. */
  private static final int MARK = 8;

  private static final String INDENT = " ".repeat(10);

  private TextReport() {}

  /**
   * Prints a report.
   *
   * @param inFull whether to list the rules that were skipped and kept, too
   */
  public static void print(PrintWriter out, Judged judged, boolean inFull) {
    String style = style(judged.report().outcome(judged.strict()), true);
    String verdict =
        "%s: %s".formatted(TerminalText.safe(judged.target()), styled(style, judged.verdict()));
    out.println(verdict);
    out.println(judged.score());
    out.printf("%s, seed %d%n", judged.date(), judged.seed());
    out.println(judged.again());
    if (!judged.report().waived().isEmpty()) {
      out.printf("waived    %s%n", Findings.waived(judged.report()));
    }
    judged.report().notes().forEach(note -> out.printf("note      %s%n", line(note)));
    out.println();
    printFindings(out, judged, inFull);
    if (inFull && !judged.described().isEmpty()) {
      out.println(verdict); // The first line may have left the terminal.
    }
    out.flush();
  }

  /**
   * Prints the findings of a report, without the verdict on the subject.
   *
   * @param inFull whether to list the rules that were skipped and kept, too
   */
  public static void printFindings(PrintWriter out, Judged judged, boolean inFull) {
    judged.described().forEach(it -> describe(out, it, judged.again(it)));
    groups(out, judged, Verdict.INCONCLUSIVE);
    if (inFull) {
      groups(out, judged, Verdict.SKIPPED);
      if (!judged.kept().isEmpty()) {
        wrapped(out, mark(Verdict.KEPT, false), RuleIds.of(judged.kept()));
      }
    }
    out.flush();
  }

  /** Prints a finding in one line, while others are still to come. */
  public static void announce(PrintWriter out, Finding finding, String target) {
    String name = target.isEmpty() ? "" : target + ": ";
    out.printf("%s%s %s %s%n", name, mark(finding), finding.rule().id(), line(finding.detail()));
    out.flush();
  }

  private static void describe(PrintWriter out, Finding finding, String again) {
    out.printf("%s %s %s%n", mark(finding), finding.rule().id(), finding.rule().sentence());
    out.println(INDENT + lines(finding.detail(), INDENT));
    finding.transcript().forEach(it -> out.println(INDENT + "| " + lines(it, INDENT + "| ")));
    if (finding.verdict() == Verdict.BROKEN) {
      out.println(INDENT + "why: " + finding.rule().why());
    }
    if (finding.verdict() != Verdict.INCONCLUSIVE) {
      out.println(INDENT + "again: " + again);
    }
    out.println();
  }

  /** Prints a line for each reason, with the rules to which it applies. */
  private static void groups(PrintWriter out, Judged judged, Verdict verdict) {
    judged
        .groups(verdict)
        .forEach(
            (reason, rules) -> out.printf("%s %s%n", mark(verdict, false), group(reason, rules)));
  }

  /** The rules to which a reason applies, and the reason, in one line. */
  static String group(String reason, List<Rule> rules) {
    return "%s: %s".formatted(RuleIds.of(rules), line(reason));
  }

  /** Text that may come from a server, as one line. */
  private static String line(String text) {
    return TerminalText.safe(text).replace('\n', ' ');
  }

  /** Text that may come from a server: none of its lines can pass for one of the report. */
  private static String lines(String text, String indent) {
    return TerminalText.safe(text).replace("\n", "\n" + indent);
  }

  /** Prints words behind a mark; the lines after the first are indented like the words. */
  private static void wrapped(PrintWriter out, String mark, String words) {
    StringBuilder line = new StringBuilder(mark);
    int length = MARK;
    for (String word : words.split(" ", -1)) {
      if (length + 1 + word.length() > WIDTH) {
        out.println(line);
        line = new StringBuilder(" ".repeat(MARK));
        length = MARK;
      }
      line.append(' ').append(word);
      length += 1 + word.length();
    }
    out.println(line);
  }

  private static String mark(Finding finding) {
    return mark(finding.verdict(), finding.isFailure(false));
  }

  private static String mark(Verdict verdict, boolean isFailure) {
    String word = verdict.name().toLowerCase(Locale.ROOT);
    return styled(style(verdict, isFailure), word + " ".repeat(Math.max(0, MARK - word.length())));
  }

  private static String style(Verdict verdict, boolean isFailure) {
    return switch (verdict) {
      case KEPT -> "green";
      case BROKEN -> isFailure ? "bold,red" : "yellow";
      case SKIPPED -> "faint";
      case INCONCLUSIVE -> "yellow";
      case ERROR -> "bold,red";
    };
  }

  private static String styled(String style, String text) {
    return Ansi.AUTO.string("@|%s %s|@".formatted(style, text));
  }
}
