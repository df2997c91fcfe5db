package iomodels.lab.trace;

import java.util.Locale;

/**
 * A system call of a thread, or several consecutive calls as one. Times are in microseconds.
 *
 * @param start when it began
 * @param duration how long it took; for several calls, from the first to the end of the last
 * @param waited how long it waited for data or room: the first phase of an operation (Stevens, UNP
 *     vol. 1, section 6.2)
 * @param name of the call; for several kinds of calls, all names
 * @param arguments abbreviated
 * @param result as strace writes it, without explanations; for several calls, the bytes copied
 * @param client name of the client whose connection it was, or empty
 * @param times how many calls these are
 */
public record Call(
    long start,
    long duration,
    long waited,
    String name,
    String arguments,
    String result,
    Kind kind,
    String client,
    int times) {

  /** The purpose of a call. */
  public enum Kind {
    /** It waited for data, for a connection, for readiness or for a completion. */
    WAIT,
    /** It copied bytes, after it had waited or at once. */
    COPY,
    /** It polled, and nothing was ready. */
    ASK,
    /** Its thread waited for another thread or for time to pass. */
    PARK,
    /** Bookkeeping. */
    OTHER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  long end() {
    return start + duration;
  }
}
