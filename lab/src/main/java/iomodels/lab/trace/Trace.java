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

  /**
   * A client and its events.
   *
   * @param buffers the buffers of its connection at some times; empty if they were not recorded
   */
  public record Client(String name, List<Event> events, List<Buffers> buffers) {}

  /**
   * The kernel's four buffers of a connection at one time, in the order in which a request and its
   * reply use them: client's send, server's receive, server's send, client's receive.
   *
   * @param limits what the kernel allows for each, in bytes: SO_SNDBUF and SO_RCVBUF as the kernel
   *     counts them, including its own overhead
   * @param bytes how many bytes are in each
   */
  public record Buffers(long at, List<Long> limits, List<Long> bytes) {}

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
