package iomodels.lab.trace;

import iomodels.lab.trace.Trace.Buffers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Watches the kernel's buffers of a server's TCP connections with {@code ss} (man 8, from
 * iproute2), on a thread of its own. Linux lets a buffer grow while data arrives fast, so it looks
 * repeatedly. Without {@code ss} nothing is known about the buffers.
 */
final class SocketBuffers implements AutoCloseable {

  /** Milliseconds between two looks. */
  private static final int BETWEEN_LOOKS = 10;

  /** {@code ESTAB 6 0 [::ffff:127.0.0.1]:7771 [::ffff:127.0.0.1]:39848 … skmem:(r0,rb131072,…)}. */
  private static final Pattern SOCKET =
      Pattern.compile(
          "\\S+\\s+(\\d+)\\s+(\\d+)\\s+\\S*:(\\d+)\\s+\\S*:(\\d+)\\s.*"
              + "skmem:\\(r\\d+,rb(\\d+),t\\d+,tb(\\d+).*");

  // Indexes of the buffers in Buffers.
  private static final int CLIENT_SEND = 0;
  private static final int SERVER_RECEIVE = 1;
  private static final int SERVER_SEND = 2;
  private static final int CLIENT_RECEIVE = 3;

  /** The buffers of a connection while the lines are read. */
  private static final class Look {

    private final Long[] limits = {0L, 0L, 0L, 0L};
    private final Long[] bytes = {0L, 0L, 0L, 0L};

    void set(int buffer, String limit, String held) {
      limits[buffer] = Long.valueOf(limit);
      bytes[buffer] = Long.valueOf(held);
    }

    Buffers at(long time) {
      return new Buffers(time, List.of(limits), List.of(bytes));
    }
  }

  private final int server;
  private final Thread watcher;

  /** What was seen at each change, by the port of the client. */
  private final Map<Integer, List<Buffers>> byPort = new HashMap<>();

  /**
   * Creates a watch that has not begun.
   *
   * @param server the port of the server
   */
  SocketBuffers(int server) {
    this.server = server;
    watcher = Thread.ofPlatform().daemon().name("socket-buffers").unstarted(this::watch);
  }

  /** Watches the connections of a server until the watch is closed. */
  static SocketBuffers watch(int server) {
    SocketBuffers buffers = new SocketBuffers(server);
    buffers.watcher.start();
    return buffers;
  }

  /**
   * Returns the buffers of a client's connection at each change; empty if they were not seen.
   *
   * @param beginning when the record began, by {@link WallClock}
   */
  synchronized List<Buffers> of(int client, long beginning) {
    return byPort.getOrDefault(client, List.of()).stream()
        .map(it -> new Buffers(it.at() - beginning, it.limits(), it.bytes()))
        .toList();
  }

  private void watch() {
    String ports = "( sport = :%d or dport = :%d )".formatted(server, server);
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Process ss =
            new ProcessBuilder("ss", "-tmnOH", ports)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader printed = ss.inputReader()) {
          List<String> lines = printed.lines().toList();
          seen(WallClock.micros(), lines);
        } finally {
          ss.destroy();
        }
        Thread.sleep(BETWEEN_LOOKS);
      }
    } catch (IOException | UncheckedIOException _) {
      // There is no ss: the buffers are not recorded.
    } catch (InterruptedException _) {
      // The record has ended.
    }
  }

  /** Reads what {@code ss} has printed: a line for each socket, two for each connection. */
  synchronized void seen(long at, List<String> lines) {
    Map<Integer, Look> looks = new HashMap<>();
    for (String line : lines) {
      Matcher socket = SOCKET.matcher(line);
      if (!socket.matches()) {
        continue;
      }
      int local = Integer.parseInt(socket.group(3));
      int remote = Integer.parseInt(socket.group(4));
      boolean isServer = local == server;
      int client = isServer ? remote : local;
      int receive = isServer ? SERVER_RECEIVE : CLIENT_RECEIVE;
      int send = isServer ? SERVER_SEND : CLIENT_SEND;
      Look look = looks.computeIfAbsent(client, _ -> new Look());
      look.set(receive, socket.group(5), socket.group(1));
      look.set(send, socket.group(6), socket.group(2));
    }
    looks.forEach((client, look) -> add(client, look.at(at)));
  }

  /** Adds what was seen of both sides, unless it is as before. */
  private void add(int client, Buffers now) {
    List<Buffers> seen = byPort.computeIfAbsent(client, _ -> new ArrayList<>());
    boolean isNew =
        seen.isEmpty()
            || !seen.getLast().limits().equals(now.limits())
            || !seen.getLast().bytes().equals(now.bytes());
    if (isNew && Collections.min(now.limits()) > 0) {
      seen.add(now);
    }
  }

  /** Ends the watch. What has been seen is kept. */
  @Override
  public void close() {
    watcher.interrupt();
  }
}
