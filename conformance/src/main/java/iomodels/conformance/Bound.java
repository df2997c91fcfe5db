package iomodels.conformance;

/** The numbers that rules depend on, each with its default. They can be changed for a run. */
public enum Bound {
  PATIENCE(10_000, "ms", "How long the kit waits for something that is owed without any progress."),
  CLOSE(2_000, "ms", "How long a server may take to close after its client has."),
  SILENCE(300, "ms", "For how long the kit listens where nothing may be said."),
  IDLE(1_200, "ms", "For how long a connection is left idle."),
  DELAY(20, "ms", "The median time that a small reply may take on an idle server."),
  PING(100, "ms", "The median time that a small reply may take beside a flooder."),
  IDLE_STOP(
      2_500,
      "ms",
      "How long a stop may take with nothing but idle clients: less than the "
          + "grace period. A server that misses it is stopped once more without any "
          + "client: if that takes as long, the kit cannot tell."),
  STOP(
      15_000,
      "ms",
      "How long a stop may take at all: the grace period, twice over, and "
          + "time to end on a busy machine."),
  CLIENTS(1_000, "", "How many clients are connected at once."),
  CLIENTS_IN_TURN(2_000, "", "How many clients come one after another."),
  PIPELINED(10_000, "", "How many messages are sent without awaiting a reply."),
  VOLUME(64L << 20, "bytes", "How many bytes make a large stream."),
  HELD(
      1L << 20,
      "bytes",
      "How many bytes a server may hold for one client, besides what the "
          + "kernel's buffers hold."),
  GROWTH(
      256L << 20,
      "bytes",
      "How much a server's memory may grow whatever it is asked for: its runtime's own."),
  STALLED(50, "", "How many clients stop reading at once."),
  CLOSES(400, "", "How many connections come and go while descriptors are counted."),
  ABORTS(2_000, "", "How many clients say a few bytes and reset."),
  DESCRIPTORS(
      16, "", "How many descriptors may be open afterwards that were not before: a runtime's own."),
  DESCRIPTOR_LIMIT(100, "", "How many descriptors a server has when it is to run out of them."),
  NEWCOMER(
      5_000,
      "ms",
      "How long a newcomer may wait behind connections that are dead, when there are few "
          + "descriptors."),
  NOISE(
      64L << 10,
      "bytes",
      "How much a program may write to its standard error while 300 clients reset."),
  WATCH(500, "ms", "For how long a server's processor time is watched."),
  IDLE_CPU(1, "%", "The processor time that a server with idle clients may take, of a core."),
  CALM(8_000, "ms", "How long a server may take to come to rest: its runtime may be compiling."),
  BUSY_CPU(
      50,
      "%",
      "The processor time above which a server spins, of a core: what it has "
          + "and what it stands in the queue for, so that a busy machine does not "
          + "hide it.");

  private final long standard;
  private final String unit;
  private final String sentence;

  Bound(long standard, String unit, String sentence) {
    this.standard = standard;
    this.unit = unit;
    this.sentence = sentence;
  }

  /** The value if nobody says otherwise. */
  public long standard() {
    return standard;
  }

  /** What it is counted in: {@code ms}, {@code bytes}, {@code %}; empty for a mere number. */
  public String unit() {
    return unit;
  }

  /** The largest value that it can be changed to: an hour, a gibibyte, a hundred thousand. */
  public long most() {
    return switch (unit) {
      case "ms" -> 3_600_000;
      case "bytes" -> 1L << 30;
      default -> 100_000;
    };
  }

  /** What it bounds. */
  public String sentence() {
    return sentence;
  }
}
