package iomodels.lab.bench;

import iomodels.lab.Exchange;
import iomodels.lab.Load;
import iomodels.lab.Load.Shape;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.service.Services;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What is asked of the servers. */
public enum Scenario {
  PING_1("64 bytes, one at a time on one connection: its latency", 1, 1, 64),
  PING_50("64 bytes, one at a time on each of 50 connections", 50, 1, 64),
  PING_1000("64 bytes, one at a time on each of 1,000 connections", 1_000, 1, 64),
  PIPELINED_16("64 bytes, 16 at a time on each of 50 connections", 50, 16, 64),
  LARGE("16 KiB, one at a time on each of 50 connections", 50, 1, 16 * 1024),
  SHIFTING(
      "16 KiB, one at a time on each of 50 connections, after 64 bytes on 50 and on 1,000",
      50,
      1,
      16 * 1024),
  OPEN_LOOP("64 bytes, 40,000 a second over 50 connections, whatever the server does", 50, 16, 64),
  MOSTLY_IDLE(
      "64 bytes, one at a time on each of 100 connections, beside 10,000 that are idle",
      100,
      1,
      64),
  CHURN("connect, 64 bytes, their reply, close; 50 connections at a time", 50, 1, 64),
  UDP("datagrams of 64 bytes, one at a time from each of 50 sockets", 50, 1, 64),
  IDLE("connections that were served once and are silent since: memory", 15_000, 1, 1),
  SYSCALLS("64 bytes, one at a time on each of 50 connections: system calls", 50, 1, 64),
  RELAY(
      "16 KiB, one at a time on each of 50 connections, through a relay to C epoll",
      50,
      1,
      16 * 1024),
  CHAT(
      "a room of 1,000, in which 4 speak, each a line of 64 bytes when its last has reached all; a"
          + " message is a line delivered to one, latency is until the last has it",
      1_000,
      4,
      64);

  /** How many are silent beside those that talk. */
  static final int IDLE_BESIDE = 10_000;

  private static final int RATE = 40_000;

  /** Loopback answers at once or, with a full buffer, never. */
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

  /** What is asked, in words. */
  public String words() {
    return words;
  }

  /** How many connections there are, if the server serves as many. */
  public int connections() {
    return connections;
  }

  /** How many messages are in flight on so many connections, all together. */
  int inFlight(int many) {
    return this == CHAT ? inFlight * (many - 1) : many * inFlight;
  }

  /** The program that is asked; empty for the scenarios of servers that answer by themselves. */
  public Optional<Program> program() {
    return switch (this) {
      case RELAY -> Optional.of(Programs.RELAY);
      case CHAT -> Optional.of(Programs.CHAT);
      default -> Optional.empty();
    };
  }

  /** Those of a program, or of servers that answer by themselves. */
  public static List<Scenario> of(Optional<Program> program) {
    return Stream.of(values()).filter(it -> it.program().equals(program)).toList();
  }

  /** How many messages fall due in a second, whatever the server does; 0 in a closed loop. */
  int rate() {
    return this == OPEN_LOOP ? RATE : 0;
  }

  /**
   * The scenarios whose load a server gets first, in this order. A JIT compiler decides by what has
   * run so far, and not all of its decisions are revised: a server may answer slowly now because of
   * what it was asked before.
   */
  List<Scenario> before() {
    return this == SHIFTING ? List.of(PING_50, PING_1000) : List.of();
  }

  /** Whether messages fall due, whatever the server does. */
  public boolean isOpenLoop() {
    return rate() > 0;
  }

  /** For a server that serves only so many at a time. */
  public Load load(InetSocketAddress server, int atATime) {
    int many = Math.min(connections, atATime);
    Load load = Load.of(server, many, messageBytes).withInFlight(inFlight).withRate(rate());
    return switch (this) {
      case CHURN -> load.withShape(Shape.CHURN);
      case CHAT -> load.withShape(Shape.CHAT);
      case UDP ->
          Load.of(server, many, Exchange.ofDatagrams(Services.UPPER, messageBytes))
              .withShape(Shape.DATAGRAMS)
              .withPatience(DATAGRAM_PATIENCE);
      default -> load;
    };
  }

  /** As it is written on the command line: {@code ping-50}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
