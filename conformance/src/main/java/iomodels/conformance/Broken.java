package iomodels.conformance;

/** A rule was broken: what was expected of the server, and what it did. */
public final class Broken extends Exception {

  private static final long serialVersionUID = 1L;

  private final boolean late;

  /**
   * @param expected what the rule demands here, as a noun phrase
   * @param actual what came instead
   */
  public Broken(String expected, String actual) {
    this("expected %s, but %s".formatted(expected, actual), false);
  }

  private Broken(String message, boolean late) {
    super(message, null, false, false);
    this.late = late;
  }

  /** The kit waited in vain: on a slow machine it may still have come later. */
  public static Broken late(String expected, String actual) {
    return new Broken("expected %s, but %s".formatted(expected, actual), true);
  }

  /** Whether the kit only waited in vain, and saw nothing that is wrong at any time. */
  boolean isLate() {
    return late;
  }

  /** The same, with the place where it happened. */
  public Broken at(String place) {
    return new Broken("%s: %s".formatted(place, getMessage()), late);
  }
}
