package iomodels.server.spi;

/** An ability that not every server has. The conformance kit checks those that a server claims. */
public enum Capability {
  /** Serves several clients at the same time. */
  CONCURRENT,
  /** Sends all pending replies to a client that has finished sending. */
  HALF_CLOSE,
  /** Answers UDP. */
  DATAGRAMS,
  /** Sends a reply from the address the datagram was sent to, also on a wildcard address. */
  REPLY_SOURCE
}
