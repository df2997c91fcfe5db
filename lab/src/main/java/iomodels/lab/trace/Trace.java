package iomodels.lab.trace;

import java.util.List;
import java.util.Locale;

/**
 * A record of a server's system calls while it serves three clients. Times are in microseconds from
 * the beginning of the record.
 *
 * @param micros length of the record
 * @param complete whether all clients were done before it ended
 * @param note why the record is incomplete, and what a reader must know
 * @param clients the events of the clients
 * @param threads the server's threads that used the network or waited for it
 */
public record Trace(
    long micros, boolean complete, String note, List<Client> clients, List<Track> threads) {

  /** A client and its events. */
  public record Client(String name, List<Event> events) {}

  /**
   * An event of a client.
   *
   * @param bytes number of bytes of {@code SEND} and {@code RECEIVE}
   */
  public record Event(long at, Event.Kind kind, long bytes) {

    /** The kinds of events. */
    public enum Kind {
      /** The client began to connect. */
      CONNECT,
      /** The client passed bytes to the kernel. */
      SEND,
      /** The client took bytes from the kernel. */
      RECEIVE,
      /** The client shut down its output. */
      END,
      /** The client received the server's FIN. */
      CLOSED,
      /** The connection was refused or reset. */
      RESET;

      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }
  }

  /** A thread of the server and its calls, in order. */
  public record Track(String name, List<Call> calls) {}
}
