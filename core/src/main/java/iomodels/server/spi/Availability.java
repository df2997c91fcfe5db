package iomodels.server.spi;

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

  /** It does not, and why. */
  public static Availability no(String reason) {
    return new Availability(false, reason);
  }
}
