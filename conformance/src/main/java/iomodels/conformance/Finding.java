package iomodels.conformance;

import java.time.Duration;
import java.util.List;

/**
 * The verdict on one rule.
 *
 * @param rule the rule
 * @param verdict the verdict
 * @param detail for a broken rule what was expected and what happened instead, otherwise the reason
 *     for the verdict; empty if the rule was kept
 * @param transcript what was sent and received, with times, unless the rule was kept; after an
 *     error also the stack trace
 * @param took duration of the last run of the test
 * @param seed repeats that run with the same bytes
 */
public record Finding(
    Rule rule, Verdict verdict, String detail, List<String> transcript, Duration took, long seed) {

  /**
   * Returns whether a subject with this finding does not conform.
   *
   * @param strict whether rules of the level SHOULD count as well
   */
  public boolean isFailure(boolean strict) {
    return verdict == Verdict.BROKEN && (strict || rule.level() == Rule.Level.MUST);
  }
}
