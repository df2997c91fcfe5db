package iomodels.conformance;

/** The result of a rule for a subject. */
public enum Verdict {
  /** The subject did what the rule demands. */
  KEPT,
  /** The subject did not do what the rule demands. */
  BROKEN,
  /** The rule does not apply to the subject. This is not a pass. */
  SKIPPED,
  /**
   * The kit cannot tell: a control server missed the bound as well, the machine disturbed the
   * check, or a tool is missing.
   */
  INCONCLUSIVE,
  /** The check itself failed or did not end in time, because of the kit or of this machine. */
  ERROR
}
