package iomodels.conformance;

import java.time.Duration;
import java.util.List;

/**
 * What the kit found out about one rule.
 *
 * @param rule the rule
 * @param verdict kept or not
 * @param detail why skipped or unknown, what was expected and what came; empty if kept
 * @param transcript who sent what when, if the rule was broken
 * @param took how long the try took
 * @param seed repeats the try with the same bytes
 */
public record Finding(
    Rule rule, Verdict verdict, String detail, List<String> transcript, Duration took, long seed) {

  /** Whether a server with this finding does not conform. */
  public boolean isFailure(boolean strict) {
    return verdict == Verdict.BROKEN && (strict || rule.level() == Rule.Level.MUST);
  }
}
