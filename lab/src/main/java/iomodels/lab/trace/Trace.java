package iomodels.lab.trace;

import java.util.List;
import java.util.Locale;

/**
 * What a server did while it served three clients. All times are in microseconds from the record's
 * beginning.
 *
 * @param micros how long the record is
 * @param complete whether all clients were done before it ended
 * @param note what happened, if it is not complete; and what is to be known to read it
 * @param clients what they did and saw
 * @param threads the server's, those that talked to the network or waited for it
 */
public record Trace(
    long micros, boolean complete, String note, List<Client> clients, List<Track> threads) {

  /** A client. */
  public record Client(String name, List<Event> events) {}

  /**
   * What a client did or saw.
   *
   * @param bytes how many, of {@code send} and {@code receive}
   */
  public record Event(long at, Event.Kind kind, long bytes) {

    /** What it may be. */
    public enum Kind {
      /** It began to connect. */
      CONNECT,
      /** It gave bytes to the kernel. */
      SEND,
      /** It took bytes from the kernel. */
      RECEIVE,
      /** It shut down its output. */
      END,
      /** It has seen the server's FIN. */
      CLOSED,
      /** Its connection was refused, or reset. */
      RESET;

      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }
  }

  /** A thread of the server, and its calls in their order. */
  public record Track(String name, List<Call> calls) {}
}
