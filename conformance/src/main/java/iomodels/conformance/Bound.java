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
  /**
   * How long a stop may take with nothing but idle clients, in milliseconds: less than the grace
   * period. A server that misses it is stopped once more without any client: if that takes as long,
   * the kit cannot tell.
   */
  IDLE_STOP(2_500),
  /**
   * How long a stop may take at all, in milliseconds: the grace period, twice over, and time to end
   * on a busy machine.
   */
  STOP(15_000),
  /** How many clients are connected at once. */
  CLIENTS(1_000),
  /** How many clients come one after another. */
  CLIENTS_IN_TURN(2_000),
  /** How many messages are sent without awaiting a reply. */
  PIPELINED(10_000),
  /** How many bytes make a large stream. */
  VOLUME(64L << 20),
  /** How many bytes a server may hold for one client, besides what the kernel's buffers hold. */
  HELD(1L << 20),
  /** How much a server's memory may grow whatever it is asked for, in bytes: its runtime's own. */
  GROWTH(256L << 20),
  /** How many clients stop reading at once. */
  STALLED(50),
  /** How many connections come and go while descriptors are counted. */
  CLOSES(400),
  /** How many descriptors may be open afterwards that were not before: a runtime's own. */
  DESCRIPTORS(16),
  /** How many descriptors a server has when it is to run out of them. */
  DESCRIPTOR_LIMIT(100),
  /** For how long a server's processor time is watched, in milliseconds. */
  WATCH(500),
  /** The processor time that a server with idle clients may take, in per cent of a core. */
  IDLE_CPU(1),
  /** How long a server may take to come to rest, in milliseconds: its runtime may be compiling. */
  CALM(8_000),
  /**
   * The processor time above which a server spins, in per cent of a core: what it has and what it
   * stands in the queue for, so that a busy machine does not hide it.
   */
  BUSY_CPU(50);

  private final long standard;

  Bound(long standard) {
    this.standard = standard;
  }

  /** The value if nobody says otherwise. */
  public long standard() {
    return standard;
  }
}
