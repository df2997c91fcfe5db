package iomodels.server.spi;

/** What not every server can do. It claims what it can; the conformance kit holds it to that. */
public enum Capability {
  /** Serves clients at the same time, rather than one after the other. */
  CONCURRENT,
  /** Sends all that it owes to a client that has finished sending. */
  HALF_CLOSE,
  /** Answers UDP. */
  DATAGRAMS,
  /** Answers a datagram from the address that it was sent to, also on a wildcard address. */
  REPLY_SOURCE
}
