package iomodels.lab.bench;

import iomodels.lab.load.EventStreamClients;
import iomodels.lab.load.Load;
import iomodels.lab.load.Load.Shape;
import iomodels.lab.load.Payload;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.service.Services;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The loads that servers are measured with. */
public enum Scenario {
  PING_1("64 bytes, one message at a time on one connection: latency", 1, 1, 64),
  PING_50("64 bytes, one message at a time on each of 50 connections", 50, 1, 64),
  PING_1000("64 bytes, one message at a time on each of 1,000 connections", 1_000, 1, 64),
  PIPELINED_16("64 bytes, 16 messages in flight on each of 50 connections", 50, 16, 64),
  LARGE("16 KiB, one message at a time on each of 50 connections", 50, 1, 16 * 1024),
  SHIFTING(
      "16 KiB, one message at a time on each of 50 connections, after loads of 64 bytes on 50 and"
          + " on 1,000",
      50,
      1,
      16 * 1024),
  OPEN_LOOP(
      "64 bytes, 40,000 messages per second over 50 connections, at a fixed rate", 50, 16, 64),
  MOSTLY_IDLE(
      "64 bytes, one message at a time on each of 100 connections, with 10,000 idle ones in"
          + " addition",
      100,
      1,
      64),
  CHURN("connect, send 64 bytes, receive the reply, close; 50 connections at a time", 50, 1, 64),
  UDP("64-byte datagrams, one at a time from each of 50 sockets", 50, 1, 64),
  IDLE("memory of connections that were served once and have been idle since", 15_000, 1, 1),
  SYSCALLS(
      "system calls with 64 bytes, one message at a time on each of 50 connections", 50, 1, 64),
  RELAY(
      "16 KiB, one message at a time on each of 50 connections, through a relay to C epoll",
      50,
      1,
      16 * 1024),
  CHAT(
      "a room of 1,000 members; 4 of them speak: each sends a line of 64 bytes when its previous"
          + " line has reached all; a message is a line delivered to one member, and latency ends"
          + " when the last member has it",
      1_000,
      4,
      64),
  HTTP_50("GET /hello, one request at a time on each of 50 connections", 50, 1, 0),
  HTTP_PIPELINED_16("GET /hello, 16 requests in flight on each of 50 connections", 50, 16, 0),
  HTTP_UPPER(
      "POST /upper with 16 KiB, one request at a time on each of 50 connections", 50, 1, 16 * 1024),
  HTTP_TICKER(
      "event streams with an event per second for each client: memory of a client, and how late"
          + " events are after the one before them; a message is an event",
      10_000,
      1,
      0);

  /** Number of idle connections in addition to the busy ones. */
  static final int IDLE_BESIDE = 10_000;

  private static final int RATE = 40_000;

  /** On loopback a reply arrives at once or, if a buffer was full, never. */
  private static final Duration DATAGRAM_PATIENCE = Duration.ofMillis(200);

  private final String words;
  private final int connections;
  private final int inFlight;
  private final int messageBytes;

  Scenario(String words, int connections, int inFlight, int messageBytes) {
    this.words = words;
    this.connections = connections;
    this.inFlight = inFlight;
    this.messageBytes = messageBytes;
  }

  /** A description for users. */
  public String words() {
    return words;
  }

  /** Number of connections, if the server serves as many. */
  public int connections() {
    return connections;
  }

  /** Number of messages in flight on all connections together. */
  int inFlight(int many) {
    return this == CHAT ? inFlight * (many - 1) : many * inFlight;
  }

  /** The program that is measured; empty for the scenarios of the service {@code upper}. */
  public Optional<Program> program() {
    return switch (this) {
      case RELAY -> Optional.of(Programs.RELAY);
      case CHAT -> Optional.of(Programs.CHAT);
      case HTTP_50, HTTP_PIPELINED_16, HTTP_UPPER, HTTP_TICKER -> Optional.of(Programs.HTTP);
      default -> Optional.empty();
    };
  }

  /** Whether nginx can serve it, and is what the servers are compared with. */
  public boolean isForNginx() {
    return this == HTTP_50 || this == HTTP_PIPELINED_16;
  }

  /**
   * Whether it measures the memory of many clients. The user chooses their number, up to the limit
   * of file descriptors of this process.
   */
  public boolean isCrowd() {
    return this == IDLE || this == HTTP_TICKER;
  }

  /** The scenarios of a program, or of the service {@code upper}. */
  public static List<Scenario> of(Optional<Program> program) {
    return Stream.of(values()).filter(it -> it.program().equals(program)).toList();
  }

  /** Messages per second in an open loop; 0 in a closed loop. */
  int rate() {
    return this == OPEN_LOOP ? RATE : 0;
  }

  /**
   * The scenarios whose loads a server gets first, in this order. A JIT compiler decides by what
   * has run so far, and does not revise all of its decisions: earlier loads can make a server slow.
   */
  List<Scenario> before() {
    return this == SHIFTING ? List.of(PING_50, PING_1000) : List.of();
  }

  /** Whether messages fall due at a fixed rate, whatever the server does. */
  public boolean isOpenLoop() {
    return rate() > 0;
  }

  /**
   * The load on a server.
   *
   * @param atATime the most connections that the server serves at a time
   */
  public Load load(InetSocketAddress server, int atATime) {
    int many = Math.min(connections, atATime);
    Load load = Load.of(server, many, payload()).withInFlight(inFlight).withRate(rate());
    return switch (this) {
      case CHURN -> load.withShape(Shape.CHURN);
      case CHAT -> load.withShape(Shape.CHAT);
      case UDP -> load.withShape(Shape.DATAGRAMS).withPatience(DATAGRAM_PATIENCE);
      case HTTP_TICKER -> load.withShape(Shape.EVENT_STREAMS);
      default -> load;
    };
  }

  private Payload payload() {
    return switch (this) {
      case UDP -> Payload.ofDatagrams(Services.UPPER, messageBytes);
      case HTTP_50, HTTP_PIPELINED_16 -> Payload.httpHello();
      case HTTP_UPPER -> Payload.httpUpper(messageBytes);
      case HTTP_TICKER -> Payload.httpTicker(EventStreamClients.INTERVAL);
      default -> Payload.upper(messageBytes);
    };
  }

  /** The name on the command line, such as {@code ping-50}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
