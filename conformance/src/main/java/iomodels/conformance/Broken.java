package iomodels.conformance;

/** Thrown by a check when the subject breaks the rule; the message says what was expected. */
public final class Broken extends Exception {

  private static final long serialVersionUID = 1L;

  private final boolean late;

  /**
   * Creates the message "expected …, but …".
   *
   * @param expected what the rule demands here, a noun phrase
   * @param actual what happened instead, a clause
   */
  public Broken(String expected, String actual) {
    this("expected %s, but %s".formatted(expected, actual), false);
  }

  private Broken(String message, boolean late) {
    super(message, null, false, false);
    this.late = late;
  }

  /**
   * Returns an exception for a timeout. On a slow machine the expected event may have come later.
   */
  public static Broken late(String expected, String actual) {
    return new Broken("expected %s, but %s".formatted(expected, actual), true);
  }

  /** Returns whether a timeout is the only failure. */
  boolean isLate() {
    return late;
  }

  /** Returns the same exception with a prefix that says where it happened. */
  public Broken at(String place) {
    return new Broken("%s: %s".formatted(place, getMessage()), late);
  }
}
