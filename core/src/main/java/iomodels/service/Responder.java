package iomodels.service;

import java.nio.ByteBuffer;

/**
 * The form of a service for datagrams: one reply for each datagram, without state. Safe for use by
 * several threads.
 */
public interface Responder {

  /** The largest payload of a UDP datagram: over IPv6, 65,535 bytes minus 8 for UDP's header. */
  int MAX_DATAGRAM = 65_527;

  /** The largest payload over IPv4, whose length field counts its own header of 20 bytes too. */
  int MAX_DATAGRAM_IPV4 = 65_507;

  /**
   * Writes the reply to one datagram to {@code out}. An empty datagram is a datagram like any
   * other, and no end of input.
   *
   * @param datagram the payload, from position to limit; it is consumed completely
   * @param out receives the reply; has at least {@link #MAX_DATAGRAM} bytes remaining, and must not
   *     share memory with {@code datagram}
   */
  void reply(ByteBuffer datagram, ByteBuffer out);
}
