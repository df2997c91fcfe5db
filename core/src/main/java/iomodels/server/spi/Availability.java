package iomodels.server.spi;

import java.util.Optional;

/**
 * Whether something works on this machine.
 *
 * @param here whether it does
 * @param reason why not, errno and all; where it does, what there is to know, or nothing
 */
public record Availability(boolean here, String reason) {

  /** It works. */
  public static Availability yes() {
    return new Availability(true, "");
  }

  /**
   * It works if there is no cause why it should not.
   *
   * @param caveat what there is to know if it does, or nothing
   */
  public static Availability unless(Optional<Throwable> cause, String caveat) {
    if (cause.isEmpty()) {
      return new Availability(true, caveat);
    }
    Throwable root = cause.get().getCause();
    return no(cause.get() + (root == null ? "" : ": " + root.getMessage()));
  }

  /** It does not, and why. */
  public static Availability no(String reason) {
    return new Availability(false, reason);
  }
}
