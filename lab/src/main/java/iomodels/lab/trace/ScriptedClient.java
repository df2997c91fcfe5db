package iomodels.lab.trace;

import iomodels.lab.trace.ClientScript.Message;
import iomodels.lab.trace.Trace.Event;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Executes a script on a thread of its own and records events. Its socket is non-blocking, so each
 * call returns at once and the record is exact: an event has the time just before the call and the
 * number of bytes moved.
 */
final class ScriptedClient implements Runnable {

  private static final int CHUNK = 64 * 1024;
  private static final int MICROS = 1_000;

  private final ClientScript script;
  private final InetSocketAddress server;
  private final long beginning;
  private final long limit;
  private final List<Event> events = new ArrayList<>();
  private final Deque<Message> unsentMessages;
  private final ByteBuffer out = ByteBuffer.allocateDirect(CHUNK);
  private final ByteBuffer in;

  private volatile int port;
  private volatile boolean done;
  private int unsent;
  private boolean ended;
  private long nextReading;

  /**
   * Creates a client; {@link #run} executes the script.
   *
   * @param beginning when the script begins, by {@link WallClock}
   * @param limit when it gives up, by the same clock
   */
  ScriptedClient(ClientScript script, InetSocketAddress server, long beginning, long limit) {
    this.script = script;
    this.server = server;
    this.beginning = beginning;
    this.limit = limit;
    unsentMessages = new ArrayDeque<>(script.messages());
    in = ByteBuffer.allocateDirect(script.portion());
    nextReading = script.firstRead();
  }

  String name() {
    return script.name();
  }

  /** Its own port, which identifies its connection in the server's calls; 0 before it is bound. */
  int port() {
    return port;
  }

  /** Whether its connection has ended. */
  boolean isDone() {
    return done;
  }

  /** Whether its connection was refused or reset. Call it after {@link #run} has returned. */
  boolean wasReset() {
    return events.stream().anyMatch(it -> it.kind() == Event.Kind.RESET);
  }

  /** The recorded events. Call it after {@link #run} has returned. */
  List<Event> events() {
    return List.copyOf(events);
  }

  @Override
  public void run() {
    try (Selector selector = Selector.open();
        SocketChannel channel = SocketChannel.open()) {
      while (now() < script.connect() && !Thread.currentThread().isInterrupted()) {
        selector.select(millisUntil(script.connect()));
      }
      if (script.buffers() > 0) {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, script.buffers());
        channel.setOption(StandardSocketOptions.SO_RCVBUF, script.buffers());
      }
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.bind(null); // The port must be known before the server accepts.
      port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
      record(now(), Event.Kind.CONNECT, 0);
      channel.configureBlocking(false);
      boolean connected = channel.connect(server);
      SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
      while (!connected && now() < limit - beginning && !Thread.interrupted()) {
        selector.select(millisUntil(limit - beginning));
        connected = channel.finishConnect();
      }
      while (connected && !done && now() < limit - beginning && !Thread.interrupted()) {
        turn(channel);
        if (!done) {
          long now = now(); // One time for both calls, so that they agree on what is due.
          key.interestOps(interest(now));
          selector.selectedKeys().clear();
          selector.select(millisUntil(next(now)));
        }
      }
    } catch (IOException _) {
      record(now(), Event.Kind.RESET, 0);
      done = true;
    }
  }

  private void turn(SocketChannel channel) throws IOException {
    while (!unsentMessages.isEmpty() && unsentMessages.getFirst().at() <= now()) {
      unsent += unsentMessages.removeFirst().bytes();
    }
    send(channel);
    if (!ended && unsentMessages.isEmpty() && unsent == 0 && script.end() <= now()) {
      ended = true;
      record(now(), Event.Kind.END, 0);
      channel.shutdownOutput();
    }
    if (nextReading <= now()) {
      receive(channel);
    }
  }

  private void send(SocketChannel channel) throws IOException {
    while (unsent > 0) {
      out.clear().limit(Math.min(unsent, CHUNK));
      for (int i = 0; i < out.limit(); i++) {
        out.put(i, (byte) (i == unsent - 1 ? '\n' : Character.toLowerCase(name().charAt(0))));
      }
      long at = now();
      int count = channel.write(out);
      if (count == 0) {
        return;
      }
      record(at, Event.Kind.SEND, count);
      unsent -= count;
    }
  }

  private void receive(SocketChannel channel) throws IOException {
    long at = now();
    int count = channel.read(in.clear());
    if (count > 0) {
      record(at, Event.Kind.RECEIVE, count);
      nextReading = at + script.pause();
    } else if (count < 0) {
      record(at, Event.Kind.CLOSED, 0);
      done = true;
    }
  }

  private int interest(long now) {
    int writing = unsent > 0 ? SelectionKey.OP_WRITE : 0;
    return nextReading <= now ? writing | SelectionKey.OP_READ : writing;
  }

  /** When the client has something to do, independently of the server. */
  private long next(long now) {
    long next = limit - beginning;
    if (!unsentMessages.isEmpty()) {
      next = Math.min(next, unsentMessages.getFirst().at());
    } else if (!ended && unsent == 0) {
      next = Math.min(next, script.end());
    }
    return nextReading > now ? Math.min(next, nextReading) : next;
  }

  /** A timeout for a selector, where 0 would mean none. */
  private long millisUntil(long time) {
    return Math.max(1, (time - now() + MICROS - 1) / MICROS);
  }

  private long now() {
    return WallClock.micros() - beginning;
  }

  private void record(long at, Event.Kind kind, long bytes) {
    events.add(new Event(at, kind, bytes));
  }
}
