package iomodels.lab.report;

import java.util.List;

/**
 * A sentence that introductions to I/O models repeat, and what an experiment says of it here.
 *
 * @param id such as {@code select-slows-down}
 * @param claim the sentence
 * @param experiment what was done
 * @param verdict what follows
 * @param finding why, in one or two sentences, with the figures
 * @param charts what was seen
 */
public record ClaimResult(
    String id,
    String claim,
    String experiment,
    Verdict verdict,
    String finding,
    List<Chart> charts) {

  /** What an experiment says of a claim. */
  public enum Verdict {
    HOLDS,
    /** Under a condition, which the finding names. */
    HOLDS_WHEN,
    DOES_NOT_HOLD,
    /** The figures are too near to each other on this machine, in this run. */
    UNDECIDED,
    /** Something that it takes is not here; the finding says what. */
    NOT_TESTED
  }
}
