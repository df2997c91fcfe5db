package iomodels.conformance;

import java.io.IOException;

/**
 * The kit cannot tell whether a rule was kept: a tool is missing, or the machine did not come into
 * the state that the rule is about.
 */
public final class Inconclusive extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * @param reason for the user
   */
  public Inconclusive(String reason) {
    super(reason);
  }

  /**
   * @param reason for the user
   * @param cause what was tried
   */
  public Inconclusive(String reason, Throwable cause) {
    super(reason, cause);
  }
}
