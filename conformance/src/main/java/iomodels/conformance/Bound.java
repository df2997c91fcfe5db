package iomodels.conformance;

/** The numbers that rules depend on, each with its default. They are printed with a report. */
public enum Bound {
  /** How long the kit waits for something that is owed, in milliseconds without any progress. */
  PATIENCE(10_000),
  /** How long a server may take to close after its client has, in milliseconds. */
  CLOSE(2_000),
  /** For how long the kit listens where nothing may be said, in milliseconds. */
  SILENCE(300),
  /** For how long a connection is left idle, in milliseconds. */
  IDLE(1_200),
  /** The median time that a small reply may take on an idle server, in milliseconds. */
  DELAY(20),
  /** The median time that a small reply may take beside a flooder, in milliseconds. */
  PING(100),
  /** How long a stop may take with nothing but idle clients, in milliseconds. */
  IDLE_STOP(2_500),
  /** How long a stop may take at all, in milliseconds: the grace period and time to end. */
  STOP(8_000),
  /** How many clients are connected at once. */
  CLIENTS(1_000),
  /** How many clients come one after another. */
  CLIENTS_IN_TURN(2_000),
  /** How many messages are sent without awaiting a reply. */
  PIPELINED(10_000),
  /** How many bytes make a large stream. */
  VOLUME(64L << 20);

  private final long standard;

  Bound(long standard) {
    this.standard = standard;
  }

  /** The value if nobody says otherwise. */
  public long standard() {
    return standard;
  }
}
