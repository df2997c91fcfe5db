package iomodels.lab;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * What is asked of a server of the service {@code upper}. The loop is closed: a connection sends
 * its next message when the reply to an earlier one is complete.
 *
 * @param server where it listens, over TCP
 * @param connections how many are open at a time
 * @param inFlight how many messages of each connection may await their reply
 * @param messageBytes how long each message is, and so each reply
 * @param patience how long to wait for a connection, or for what is owed on it, before calling it a
 *     failure
 */
public record Load(
    InetSocketAddress server, int connections, int inFlight, int messageBytes, Duration patience) {

  /** Refuses what no load can be. */
  public Load {
    if (connections < 1 || inFlight < 1 || messageBytes < 1 || !patience.isPositive()) {
      throw new IllegalArgumentException("none of a load's quantities may be less than one");
    }
  }

  /** One message in flight on each connection, and ten seconds of patience. */
  public static Load of(InetSocketAddress server, int connections, int messageBytes) {
    return new Load(server, connections, 1, messageBytes, Duration.ofSeconds(10));
  }

  /** The same, with that many messages in flight on each connection. */
  public Load withInFlight(int wanted) {
    return new Load(server, connections, wanted, messageBytes, patience);
  }

  /** The same, with that much patience. */
  public Load withPatience(Duration wanted) {
    return new Load(server, connections, inFlight, messageBytes, wanted);
  }
}
