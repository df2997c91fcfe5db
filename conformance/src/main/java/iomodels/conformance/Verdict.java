package iomodels.conformance;

/** What comes of trying a rule. */
public enum Verdict {
  /** The server did as the rule demands. */
  KEPT,
  /** It did not. */
  BROKEN,
  /** The rule does not apply to it; never a pass. */
  SKIPPED,
  /** The kit could not tell: the control server missed too, or the machine let the kit down. */
  UNKNOWN
}
