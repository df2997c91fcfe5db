package iomodels.server.spi;

import java.util.Optional;

/**
 * Whether a model or a transport works on this machine.
 *
 * @param here whether it works
 * @param reason if not, the reason, with errno; if it does, a caveat, or an empty string
 */
public record Availability(boolean here, String reason) {

  /** Available. */
  public static Availability yes() {
    return new Availability(true, "");
  }

  /**
   * Available unless there is a cause of failure.
   *
   * @param caveat a remark for the case that it works, or an empty string
   */
  public static Availability unless(Optional<Throwable> cause, String caveat) {
    if (cause.isEmpty()) {
      return new Availability(true, caveat);
    }
    Throwable root = cause.get().getCause();
    return no(cause.get() + (root == null ? "" : ": " + root.getMessage()));
  }

  /** Not available. */
  public static Availability no(String reason) {
    return new Availability(false, reason);
  }
}
