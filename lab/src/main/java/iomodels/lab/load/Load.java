package iomodels.lab.load;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Describes a load on a server. Immutable.
 *
 * <p>Without a rate the loop is closed: a connection sends its next message when the reply to an
 * earlier one is complete, so a slow server gets fewer messages. With a rate the loop is open:
 * messages fall due at even intervals, on one connection after the other, whatever the server does.
 * If the connection is busy, the message waits, and the wait counts as latency.
 *
 * @param server its address
 * @param shape the kind of connection that carries the messages
 * @param connections how many are open at a time; for datagrams, how many sockets
 * @param inFlight how many messages of each connection may await their reply
 * @param payload the messages and the expected replies
 * @param rate messages per second over all connections; 0 for a closed loop
 * @param patience how long to wait for a connection or a reply before it counts as a failure
 */
public record Load(
    InetSocketAddress server,
    Shape shape,
    int connections,
    int inFlight,
    Payload payload,
    int rate,
    Duration patience) {

  /** The kind of connection that carries the messages. */
  public enum Shape {
    /** A TCP connection that stays open. */
    STREAM,
    /** A TCP connection of its own: connect, one message, its reply, close. */
    CHURN,
    /** A UDP datagram. */
    DATAGRAMS,
    /**
     * A chat room ({@link iomodels.program.Programs#CHAT}): the connections are its members. The
     * first {@code inFlight} of them speak, each with one line in flight. A message is a line
     * delivered to one of the other members. Latency is that of a line until the last member has
     * received it. A rate is in lines per second.
     */
    CHAT,
    /** Event streams that the server sends by itself: {@link EventStreamClients}. */
    EVENT_STREAMS
  }

  /** Checks the quantities. */
  public Load {
    if (connections < 1 || inFlight < 1 || !patience.isPositive()) {
      throw new IllegalArgumentException(
          "connections, messages in flight and patience must be positive");
    }
    if (rate < 0) {
      throw new IllegalArgumentException("a rate cannot be negative");
    }
  }

  /**
   * A load of {@code upper} over TCP: a closed loop, one message in flight on each connection, ten
   * seconds of patience.
   */
  public static Load of(InetSocketAddress server, int connections, int messageBytes) {
    return of(server, connections, Payload.upper(messageBytes));
  }

  /** A load with any payload; the rest as above. */
  public static Load of(InetSocketAddress server, int connections, Payload payload) {
    return new Load(server, Shape.STREAM, connections, 1, payload, 0, Duration.ofSeconds(10));
  }

  /** Returns a copy with another shape. */
  public Load withShape(Shape wanted) {
    return new Load(server, wanted, connections, inFlight, payload, rate, patience);
  }

  /** Returns a copy with another number of connections. */
  public Load withConnections(int wanted) {
    return new Load(server, shape, wanted, inFlight, payload, rate, patience);
  }

  /** Returns a copy with another number of messages in flight on each connection. */
  public Load withInFlight(int wanted) {
    return new Load(server, shape, connections, wanted, payload, rate, patience);
  }

  /** Returns a copy with another rate, in messages per second; 0 for a closed loop. */
  public Load withRate(int wanted) {
    return new Load(server, shape, connections, inFlight, payload, wanted, patience);
  }

  /** Returns a copy with another patience. */
  public Load withPatience(Duration wanted) {
    return new Load(server, shape, connections, inFlight, payload, rate, wanted);
  }
}
