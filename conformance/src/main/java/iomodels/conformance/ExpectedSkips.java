package iomodels.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The skips that are permitted: without such a list, to drop a capability would turn a failure
 * green. A line is {@code MODEL RULE REASON}; empty lines and those that begin with # say nothing.
 */
record ExpectedSkips(Path file, List<Line> lines) {

  /** One permitted skip. */
  record Line(String model, String rule, String reason) {}

  /** Reads the file; where there is none, no skip is permitted. */
  static ExpectedSkips read(Path file) {
    if (!Files.exists(file)) {
      return new ExpectedSkips(file, List.of());
    }
    try {
      List<Line> lines =
          Files.readAllLines(file).stream()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .map(line -> parse(file, line))
              .toList();
      return new ExpectedSkips(file, lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Line parse(Path file, String line) {
    String[] words = line.split("\\s+", 3);
    if (words.length < 3) {
      throw new IllegalArgumentException(file + ": not MODEL RULE REASON: " + line);
    }
    return new Line(words[0], words[1], words[2]);
  }

  boolean permit(String model, Finding finding) {
    return lines.contains(new Line(model, finding.rule().id(), finding.detail()));
  }

  /** Demands that every skip listed for that model was seen. */
  void demandAllSeen(String model, List<Finding> findings) {
    List<Line> seen =
        findings.stream()
            .filter(finding -> finding.verdict() == Verdict.SKIPPED)
            .map(finding -> new Line(model, finding.rule().id(), finding.detail()))
            .toList();
    List<Line> stale =
        lines.stream().filter(line -> line.model().equals(model) && !seen.contains(line)).toList();
    if (!stale.isEmpty()) {
      throw new AssertionError("%s permits what is no longer skipped: %s".formatted(file, stale));
    }
  }
}
