package iomodels.conformance;

/** Thrown by a check when the subject breaks the rule; the message says what was expected. */
public final class Broken extends Exception {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the message "expected …, but …".
   *
   * @param expected what the rule demands here, a noun phrase
   * @param actual what happened instead, a clause
   */
  public Broken(String expected, String actual) {
    this("expected %s, but %s".formatted(expected, actual));
  }

  private Broken(String message) {
    super(message, null, false, false);
  }

  /** Returns the same exception with a prefix that says where it happened. */
  public Broken at(String place) {
    return new Broken("%s: %s".formatted(place, getMessage()));
  }
}
