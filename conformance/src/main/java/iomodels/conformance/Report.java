package iomodels.conformance;

import java.util.List;

/**
 * What the kit found out about one target.
 *
 * @param target its name
 * @param findings one for each rule that was asked for, in the order of the contract
 * @param notes what else was seen: capabilities that are there but were not claimed, and the like
 */
public record Report(String target, List<Finding> findings, List<String> notes) {

  /** How many findings have that verdict. */
  public long count(Verdict verdict) {
    return findings.stream().filter(finding -> finding.verdict() == verdict).count();
  }

  /**
   * The outcome: {@link Verdict#BROKEN} if a rule that binds was broken; {@link Verdict#UNKNOWN} if
   * none was, but nothing was tried or the kit could not tell; {@link Verdict#KEPT} otherwise.
   *
   * @param strict whether rules that only SHOULD be kept bind as well
   */
  public Verdict outcome(boolean strict) {
    if (findings.stream().anyMatch(finding -> finding.isFailure(strict))) {
      return Verdict.BROKEN;
    }
    boolean told = count(Verdict.UNKNOWN) == 0 && count(Verdict.KEPT) > 0;
    return told ? Verdict.KEPT : Verdict.UNKNOWN;
  }
}
