package iomodels.lab;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * What is asked of a server.
 *
 * <p>Without a rate the loop is closed: a connection sends its next message when the reply to an
 * earlier one is complete, so that a slow server is asked less. With a rate it is open: messages
 * fall due at even intervals, on one connection after the other, whatever the server does; one that
 * finds its connection busy waits, and that counts as latency.
 *
 * @param server where it listens
 * @param shape what a message travels by
 * @param connections how many are open at a time; of datagrams, how many sockets
 * @param inFlight how many messages of each connection may await their reply
 * @param exchange what is said, and what has to be answered
 * @param rate how many messages fall due in a second, over all connections; 0 for a closed loop
 * @param patience how long to wait for a connection, or for what is owed on it, before calling it a
 *     failure
 */
public record Load(
    InetSocketAddress server,
    Shape shape,
    int connections,
    int inFlight,
    Exchange exchange,
    int rate,
    Duration patience) {

  /** What a message travels by. */
  public enum Shape {
    /** A TCP connection that stays open. */
    STREAM,
    /** A TCP connection of its own: connect, one message, its reply, close. */
    CHURN,
    /** A UDP datagram. */
    DATAGRAMS,
    /**
     * A room ({@link iomodels.program.Programs#CHAT}): the connections are its members, of whom the
     * first speak, as many as there may be messages in flight, each a line at a time. A message is
     * a line delivered to one of the others; latency is that of a line, until the last has it; with
     * a rate, that many lines fall due in a second.
     */
    CHAT
  }

  /** Refuses what no load can be. */
  public Load {
    if (connections < 1 || inFlight < 1 || !patience.isPositive()) {
      throw new IllegalArgumentException("none of a load's quantities may be less than one");
    }
    if (rate < 0) {
      throw new IllegalArgumentException("a rate cannot be negative");
    }
  }

  /**
   * Of {@code upper} over TCP: a closed loop, one message in flight on each connection, and ten
   * seconds of patience.
   */
  public static Load of(InetSocketAddress server, int connections, int messageBytes) {
    return of(server, connections, Exchange.upper(messageBytes));
  }

  /** The same, of any service. */
  public static Load of(InetSocketAddress server, int connections, Exchange exchange) {
    return new Load(server, Shape.STREAM, connections, 1, exchange, 0, Duration.ofSeconds(10));
  }

  /** The same, in another shape. */
  public Load withShape(Shape wanted) {
    return new Load(server, wanted, connections, inFlight, exchange, rate, patience);
  }

  /** The same, on that many connections. */
  public Load withConnections(int wanted) {
    return new Load(server, shape, wanted, inFlight, exchange, rate, patience);
  }

  /** The same, with that many messages in flight on each connection. */
  public Load withInFlight(int wanted) {
    return new Load(server, shape, connections, wanted, exchange, rate, patience);
  }

  /** The same, in an open loop at that many messages per second. */
  public Load withRate(int wanted) {
    return new Load(server, shape, connections, inFlight, exchange, wanted, patience);
  }

  /** The same, with that much patience. */
  public Load withPatience(Duration wanted) {
    return new Load(server, shape, connections, inFlight, exchange, rate, wanted);
  }
}
