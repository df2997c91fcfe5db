package iomodels.conformance;

import iomodels.conformance.Rule.Precondition;
import java.util.List;
import java.util.Set;

/**
 * The findings about one subject.
 *
 * @param target name of the subject
 * @param findings one for each rule of the kit, in the kit's order
 * @param notes other observations, such as capabilities that the subject has but does not claim
 * @param waived what the user did not demand of the subject
 */
public record Report(
    String target, List<Finding> findings, List<String> notes, Set<Precondition> waived) {

  /** Creates a report on a subject of which everything was demanded. */
  public Report(String target, List<Finding> findings, List<String> notes) {
    this(target, findings, notes, Set.of());
  }

  /** Returns the number of findings with this verdict. */
  public long count(Verdict verdict) {
    return findings.stream().filter(finding -> finding.verdict() == verdict).count();
  }

  /** Returns the number of rules without an answer: inconclusive ones and failed checks. */
  public long unanswered() {
    return count(Verdict.INCONCLUSIVE) + count(Verdict.ERROR);
  }

  /**
   * Returns the verdict on the subject: {@link Verdict#BROKEN} if a binding rule was broken;
   * otherwise {@link Verdict#ERROR} if a check failed; otherwise {@link Verdict#INCONCLUSIVE} if
   * any rule was, or none was kept; otherwise {@link Verdict#KEPT}. It is never {@link
   * Verdict#SKIPPED}.
   *
   * @param strict whether rules of the level SHOULD bind as well
   */
  public Verdict outcome(boolean strict) {
    if (findings.stream().anyMatch(finding -> finding.isFailure(strict))) {
      return Verdict.BROKEN;
    }
    if (count(Verdict.ERROR) > 0) {
      return Verdict.ERROR;
    }
    boolean allAnswered = unanswered() == 0 && count(Verdict.KEPT) > 0;
    return allAnswered ? Verdict.KEPT : Verdict.INCONCLUSIVE;
  }
}
