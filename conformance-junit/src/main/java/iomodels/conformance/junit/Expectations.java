package iomodels.conformance.junit;

import iomodels.conformance.Finding;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The skips and breaks that a module's tests permit. Without this list, a dropped capability would
 * turn a failure into a silent skip. A line is
 *
 * <ul>
 *   <li>{@code MODEL RULE REASON}: the rule is skipped with exactly this reason; or
 *   <li>{@code broken: MODEL on TRANSPORT RULE REASON}: the model is known to break the rule. The
 *       reason is a part of the finding, so that a new fault is not mistaken for the known one.
 *       Without {@code on TRANSPORT} the line applies to each transport. For a program, {@code
 *       STYLE PROGRAM} stands instead of {@code MODEL on TRANSPORT}.
 * </ul>
 *
 * A line that is no longer true is an error. Empty lines and lines that begin with # are ignored.
 */
record Expectations(Path file, List<Line> lines) {

  private static final Pattern LINE =
      Pattern.compile("(broken: +)?(\\S+(?: +on +\\S+| +[a-z]+)?) +(\\d+\\.\\d+) +(.+)");

  /** A permitted verdict. */
  record Line(Verdict verdict, String model, String rule, String reason) {

    private boolean isFor(String target) {
      return target.equals(model) || target.startsWith(model + " on ");
    }

    private boolean permits(String target, Finding finding) {
      return isFor(target)
          && finding.verdict() == verdict
          && finding.rule().id().equals(rule)
          && (verdict == Verdict.SKIPPED
              ? finding.detail().equals(reason)
              : finding.detail().contains(reason));
    }
  }

  /** Reads the file; if it does not exist, nothing is permitted. */
  static Expectations read(Path file) {
    if (!Files.exists(file)) {
      return new Expectations(file, List.of());
    }
    try {
      List<Line> lines =
          Files.readAllLines(file).stream()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .map(line -> parse(file, line))
              .toList();
      return new Expectations(file, lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Line parse(Path file, String line) {
    Matcher matcher = LINE.matcher(line);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "%s: neither MODEL RULE REASON nor broken: MODEL on TRANSPORT RULE REASON: %s"
              .formatted(file, line));
    }
    return new Line(
        matcher.group(1) == null ? Verdict.SKIPPED : Verdict.BROKEN,
        matcher.group(2).replaceAll(" +", " "),
        matcher.group(3),
        matcher.group(4));
  }

  /**
   * Returns whether a finding is listed for a target, which is MODEL or {@code MODEL on TRANSPORT}.
   */
  boolean permit(String target, Finding finding) {
    return lines.stream().anyMatch(line -> line.permits(target, finding));
  }

  /**
   * Demands that each line for this target is true.
   *
   * @param untried rules that were not tested, whose lines are ignored
   */
  void demandAllSeen(String target, List<Rule> untried, List<Finding> findings) {
    List<Line> stale =
        lines.stream()
            .filter(line -> line.isFor(target))
            .filter(line -> untried.stream().noneMatch(it -> it.id().equals(line.rule())))
            .filter(line -> findings.stream().noneMatch(it -> line.permits(target, it)))
            .toList();
    if (!stale.isEmpty()) {
      throw new AssertionError("%s has lines that are no longer true: %s".formatted(file, stale));
    }
  }
}
