package iomodels.conformance;

/** A rule was broken: what was expected of the server, and what it did. */
public final class Broken extends Exception {

  private static final long serialVersionUID = 1L;

  /**
   * @param expected what the rule demands here, as a noun phrase
   * @param actual what came instead
   */
  public Broken(String expected, String actual) {
    this("expected %s, but %s".formatted(expected, actual));
  }

  private Broken(String message) {
    super(message, null, false, false);
  }

  /** The same, with the place where it happened. */
  public Broken at(String place) {
    return new Broken("%s: %s".formatted(place, getMessage()));
  }
}
