package iomodels.server.spi;

import java.util.Optional;

/**
 * Whether a model or a transport works on this machine.
 *
 * @param here whether it works
 * @param reason if it does not work, the cause, with errno; if it works, a caveat or an empty
 *     string
 */
public record Availability(boolean here, String reason) {

  /** Returns the state of a model or transport that works. */
  public static Availability yes() {
    return new Availability(true, "");
  }

  /**
   * Returns the state that follows from an attempt to use a model or transport.
   *
   * @param cause why the attempt failed; empty if it succeeded
   * @param caveat a remark for the case that it works, or an empty string
   */
  public static Availability unless(Optional<Throwable> cause, String caveat) {
    if (cause.isEmpty()) {
      return new Availability(true, caveat);
    }
    Throwable root = cause.get().getCause();
    return no(cause.get() + (root == null ? "" : ": " + root.getMessage()));
  }

  /** Returns the state of a model or transport that does not work. */
  public static Availability no(String reason) {
    return new Availability(false, reason);
  }
}
