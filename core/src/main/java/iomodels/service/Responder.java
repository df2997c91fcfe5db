package iomodels.service;

import java.nio.ByteBuffer;

/**
 * Replies to the datagrams of a service: one reply for each datagram, without state. It does no I/O
 * and does not block. Safe for use by several threads.
 */
public interface Responder {

  /** The largest payload of a UDP datagram over IPv6, in bytes: 65,535 minus the UDP header's 8. */
  int MAX_DATAGRAM = 65_527;

  /**
   * The largest payload of a UDP datagram over IPv4, in bytes: 20 less, since IPv4's length field
   * includes its own header.
   */
  int MAX_DATAGRAM_IPV4 = 65_507;

  /**
   * Writes the reply to one datagram to {@code out}. An empty datagram is an ordinary datagram; it
   * does not mean end of input. The buffers are not kept after the call.
   *
   * @param datagram the payload, from position to limit; the call consumes all of it
   * @param out receives the reply; has at least {@link #MAX_DATAGRAM} bytes remaining, and must not
   *     share memory with {@code datagram}
   */
  void reply(ByteBuffer datagram, ByteBuffer out);
}
