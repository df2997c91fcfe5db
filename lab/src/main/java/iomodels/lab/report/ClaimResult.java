package iomodels.lab.report;

import java.util.List;

/**
 * A claim that introductions to I/O models repeat, and the result of its experiment.
 *
 * @param id such as {@code select-slows-down}
 * @param claim the claim as a sentence
 * @param experiment a description of the experiment
 * @param verdict whether the claim holds
 * @param finding the reason, in one or two sentences, with the figures
 * @param charts the measurements
 */
public record ClaimResult(
    String id,
    String claim,
    String experiment,
    Verdict verdict,
    String finding,
    List<Chart> charts) {

  /** Whether a claim holds. */
  public enum Verdict {
    HOLDS,
    /** It holds under a condition, which the finding states. */
    HOLDS_WHEN,
    DOES_NOT_HOLD,
    /** The figures of this run differ too little. */
    UNDECIDED,
    /** Something that the experiment needs is missing; the finding says what. */
    NOT_TESTED
  }
}
