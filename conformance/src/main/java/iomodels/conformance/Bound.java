package iomodels.conformance;

/** The numbers that rules depend on, with their defaults. A run can use other values. */
public enum Bound {
  PATIENCE(10_000, "ms", "How long the kit waits for pending data without any progress."),
  CLOSE(2_000, "ms", "How long a server may take to close a connection after its client has."),
  SILENCE(300, "ms", "How long the kit listens where nothing may be sent."),
  IDLE(1_200, "ms", "How long the kit leaves a client idle."),
  PAUSE(
      6_500, "ms", "How long the kit leaves a connection to a server idle, or its replies unread."),
  DELAY(20, "ms", "Median time that a small reply may take on an idle server."),
  PING(
      100,
      "ms",
      "Median time that a small reply may take beside a client that keeps the server"
          + " busy or does not read."),
  IDLE_STOP(
      2_500,
      "ms",
      "How long a stop may take with idle clients only: less than the grace period. If a"
          + " server misses it, the kit stops it once more without any client; if that takes as"
          + " long, the kit cannot tell."),
  STOP(
      15_000,
      "ms",
      "How long any stop may take: twice the grace period, and time to end on a busy machine."),
  CLIENTS(1_000, "", "Number of simultaneous clients."),
  CLIENTS_IN_TURN(2_000, "", "Number of clients that connect one after another."),
  PIPELINED(10_000, "", "Number of messages that are sent without waiting for a reply."),
  VOLUME(64L << 20, "bytes", "Length of a large stream."),
  HELD(
      1L << 20,
      "bytes",
      "Number of bytes that a server may hold for one client, besides those in the kernel's"
          + " buffers."),
  GROWTH(
      256L << 20,
      "bytes",
      "How much a server's memory may grow whatever clients request: its runtime's own"
          + " memory."),
  STALLED(70, "", "Number of clients that stop reading at the same time."),
  CLOSES(
      400, "", "Number of connections that are opened and closed while descriptors are counted."),
  CASES(64, "", "Number of cases from each large table, besides those at its limits."),
  ABORTS(2_000, "", "Number of clients that send a few bytes and reset."),
  DESCRIPTORS(
      16, "", "Number of additional descriptors that may be open afterwards: a runtime's own."),
  DESCRIPTOR_LIMIT(100, "", "Number of descriptors that a server has when the kit exhausts them."),
  NEWCOMER(
      5_000,
      "ms",
      "How long a newcomer may wait behind dead connections when few descriptors are left."),
  NOISE(
      64L << 10,
      "bytes",
      "How much a program may write to its standard error while 300 clients reset."),
  CLIENT_IDLE(3_200, "ms", "How long the kit, as a server, leaves a client without data."),
  WATCH(500, "ms", "How long the kit measures a server's processor time."),
  IDLE_CPU(1, "%", "Share of a core that a server with idle clients may use."),
  CALM(8_000, "ms", "How long a server may take to become idle: its runtime may be compiling."),
  BUSY_CPU(
      50,
      "%",
      "Share of a core above which a server spins: the share that its threads would take"
          + " if no other process ran, so that a busy machine neither hides it nor causes it.");

  private final long standard;
  private final String unit;
  private final String sentence;

  Bound(long standard, String unit, String sentence) {
    this.standard = standard;
    this.unit = unit;
    this.sentence = sentence;
  }

  /** Returns the default value. */
  public long standard() {
    return standard;
  }

  /** Returns the unit: {@code ms}, {@code bytes} or {@code %}; empty for a count. */
  public String unit() {
    return unit;
  }

  /** Returns the largest permitted value: an hour, a gibibyte, a hundred thousand. */
  public long most() {
    return switch (unit) {
      case "ms" -> 3_600_000;
      case "bytes" -> 1L << 30;
      default -> 100_000;
    };
  }

  /** Returns a description of what the bound limits. */
  public String sentence() {
    return sentence;
  }
}
