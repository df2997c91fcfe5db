package iomodels.lab.trace;

import java.util.Locale;

/**
 * A system call of a thread, or several in a row that were folded into one.
 *
 * @param start when it began, in microseconds
 * @param duration how long it took, or all of them with what lies between
 * @param waited how much of that it waited before it could do anything: Stevens' first phase
 * @param name of the call; of several kinds of calls that were folded, all names
 * @param arguments shortened
 * @param result as strace has it, without words; of folded calls the bytes, if they copied any
 * @param client on whose connection it was, or empty
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

  /** What a call was good for. */
  public enum Kind {
    /** It waited for data, for a connection, for readiness or for a completion. */
    WAIT,
    /** It copied bytes, after it had waited or at once. */
    COPY,
    /** It asked in vain. */
    ASK,
    /** Its thread was parked or asleep, and waited for another thread or for time to pass. */
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
