package iomodels.service;

import java.nio.ByteBuffer;

/**
 * The datagram form of a service: one reply for each datagram, and nothing to remember between
 * them. Safe for use by several threads.
 */
public interface Responder {

  /** The largest payload of a UDP datagram over IPv4: 65,535 less 8 for UDP and 20 for IP. */
  int MAX_DATAGRAM = 65_507;

  /**
   * Puts the reply to one datagram into {@code out}. An empty datagram is a datagram like any
   * other, and not an end.
   *
   * @param datagram the payload, from position to limit; taken whole
   * @param out where the reply goes, with at least {@link #MAX_DATAGRAM} bytes of room; must not
   *     share memory with {@code datagram}
   */
  void reply(ByteBuffer datagram, ByteBuffer out);
}
