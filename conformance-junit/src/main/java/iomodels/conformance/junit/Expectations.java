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
 * The skips and breaks that a module's tests permit: without such a list, to drop a capability
 * would turn a failure green. A line is
 *
 * <ul>
 *   <li>{@code MODEL RULE REASON}: it is skipped, for just that reason; or
 *   <li>{@code broken: MODEL on TRANSPORT RULE REASON}: it is known to break it, the reason being a
 *       part of what the kit says of it, so that a new fault is not taken for the old one. Without
 *       {@code on TRANSPORT} that holds for each.
 * </ul>
 *
 * A line that is no longer true is an error. Empty lines and those that begin with # say nothing.
 */
record Expectations(Path file, List<Line> lines) {

  private static final Pattern LINE =
      Pattern.compile("(broken: +)?(\\S+(?: +on +\\S+)?) +(\\d+\\.\\d+) +(.+)");

  /** One permitted verdict. */
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

  /** Reads the file; where there is none, nothing is permitted. */
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

  /** Whether that finding is listed for that target, a model or {@code MODEL on TRANSPORT}. */
  boolean permit(String target, Finding finding) {
    return lines.stream().anyMatch(line -> line.permits(target, finding));
  }

  /**
   * Demands that all that is listed for that target was seen.
   *
   * @param untried rules of which nothing can have been seen
   */
  void demandAllSeen(String target, List<Rule> untried, List<Finding> findings) {
    List<Line> stale =
        lines.stream()
            .filter(line -> line.isFor(target))
            .filter(line -> untried.stream().noneMatch(it -> it.id().equals(line.rule())))
            .filter(line -> findings.stream().noneMatch(it -> line.permits(target, it)))
            .toList();
    if (!stale.isEmpty()) {
      throw new AssertionError("%s permits what no longer is so: %s".formatted(file, stale));
    }
  }
}
