package iomodels.cli;

import iomodels.lab.Load;
import java.net.InetSocketAddress;
import java.util.Locale;

/** What is asked of the servers in one run of {@code bench}. */
enum Scenario {
  PING_50("64 bytes, one at a time on each of 50 connections", 50, 1, 64, 0),
  PING_1000("64 bytes, one at a time on each of 1,000 connections", 1_000, 1, 64, 0),
  PING_1("64 bytes, one at a time on one connection", 1, 1, 64, 0),
  PIPELINED_16("64 bytes, 16 at a time on each of 50 connections", 50, 16, 64, 0),
  LARGE("16 KiB, one at a time on each of 50 connections", 50, 1, 16 * 1024, 0),
  OPEN_LOOP(
      "64 bytes, 40,000 a second over 50 connections, whatever the server does",
      50,
      16,
      64,
      40_000),
  FAIRNESS(
      "64 bytes, one at a time on each of 1,000 connections: who is served least", 1_000, 1, 64, 0),
  IDLE(
      "connections that were served once and are silent since: memory (15,000 of them, by default)",
      15_000,
      1,
      1,
      0),
  SYSCALLS("64 bytes, one at a time on each of 50 connections: system calls", 50, 1, 64, 0);

  private final String words;
  private final int connections;
  private final int inFlight;
  private final int messageBytes;
  private final int rate;

  Scenario(String words, int connections, int inFlight, int messageBytes, int rate) {
    this.words = words;
    this.connections = connections;
    this.inFlight = inFlight;
    this.messageBytes = messageBytes;
    this.rate = rate;
  }

  String words() {
    return words;
  }

  int connections() {
    return connections;
  }

  int rate() {
    return rate;
  }

  /** For a server that serves only so many at a time. */
  Load load(InetSocketAddress server, int atATime) {
    return Load.of(server, Math.min(connections, atATime), messageBytes)
        .withInFlight(inFlight)
        .withRate(rate);
  }

  /** As it is written on the command line: {@code ping-50}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
