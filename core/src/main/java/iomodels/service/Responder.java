package iomodels.service;

import java.nio.ByteBuffer;

/**
 * The datagram form of a service: one reply for each datagram, and nothing to remember between
 * them. Safe for use by several threads.
 */
public interface Responder {

  /** The largest payload of a UDP datagram: over IPv6, 65,535 bytes minus 8 for UDP's header. */
  int MAX_DATAGRAM = 65_527;

  /** The largest payload over IPv4, whose length field counts its own header of 20 bytes too. */
  int MAX_DATAGRAM_IPV4 = 65_507;

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
