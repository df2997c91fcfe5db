package iomodels.conformance;

import java.io.IOException;

/**
 * Thrown by a check when the kit cannot tell whether a rule was kept: a tool is missing, or the
 * machine did not reach the state that the rule is about.
 */
public final class Inconclusive extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param reason a message for the user
   */
  public Inconclusive(String reason) {
    super(reason);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param reason a message for the user
   * @param cause the failure behind it
   */
  public Inconclusive(String reason, Throwable cause) {
    super(reason, cause);
  }
}
