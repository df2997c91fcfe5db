package iomodels.server.spi;

/**
 * A feature that only some servers have. The conformance kit checks each feature that a server
 * declares.
 */
public enum Capability {
  /** Serves several clients at the same time. */
  CONCURRENT,
  /** Sends all pending replies to a client that has sent FIN. */
  HALF_CLOSE,
  /** Answers UDP datagrams. */
  DATAGRAMS,
  /**
   * Sends each UDP reply from the address to which the request was sent, even if the server is
   * bound to the wildcard address.
   */
  REPLY_SOURCE
}
