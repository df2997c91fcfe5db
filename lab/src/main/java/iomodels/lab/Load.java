package iomodels.lab;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * What is asked of a server of the service {@code upper}.
 *
 * <p>Without a rate the loop is closed: a connection sends its next message when the reply to an
 * earlier one is complete, so that a slow server is asked less. With a rate it is open: messages
 * fall due at even intervals, on one connection after the other, whatever the server does; one that
 * finds its connection busy waits, and that counts as latency.
 *
 * @param server where it listens, over TCP
 * @param connections how many are open at a time
 * @param inFlight how many messages of each connection may await their reply
 * @param messageBytes how long each message is, and so each reply
 * @param rate how many messages fall due in a second, over all connections; 0 for a closed loop
 * @param patience how long to wait for a connection, or for what is owed on it, before calling it a
 *     failure
 */
public record Load(
    InetSocketAddress server,
    int connections,
    int inFlight,
    int messageBytes,
    int rate,
    Duration patience) {

  /** Refuses what no load can be. */
  public Load {
    if (connections < 1 || inFlight < 1 || messageBytes < 1 || !patience.isPositive()) {
      throw new IllegalArgumentException("none of a load's quantities may be less than one");
    }
    if (rate < 0) {
      throw new IllegalArgumentException("a rate cannot be negative");
    }
  }

  /** A closed loop, one message in flight on each connection, and ten seconds of patience. */
  public static Load of(InetSocketAddress server, int connections, int messageBytes) {
    return new Load(server, connections, 1, messageBytes, 0, Duration.ofSeconds(10));
  }

  /** The same, with that many messages in flight on each connection. */
  public Load withInFlight(int wanted) {
    return new Load(server, connections, wanted, messageBytes, rate, patience);
  }

  /** The same, in an open loop at that many messages per second. */
  public Load withRate(int wanted) {
    return new Load(server, connections, inFlight, messageBytes, wanted, patience);
  }

  /** The same, with that much patience. */
  public Load withPatience(Duration wanted) {
    return new Load(server, connections, inFlight, messageBytes, rate, wanted);
  }
}
