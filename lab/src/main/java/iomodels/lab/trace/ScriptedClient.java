package iomodels.lab.trace;

import iomodels.lab.trace.Script.Saying;
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
 * Plays a script, on one thread of its own, and keeps a record. Its socket does not block, so that
 * each call is over in a moment and the record is exact: an event has the time just before the
 * call, and the bytes that it moved.
 */
final class ScriptedClient implements Runnable {

  private static final int CHUNK = 64 * 1024;
  private static final int MICROS = 1_000;

  private final Script script;
  private final InetSocketAddress server;
  private final long beginning;
  private final long limit;
  private final List<Event> events = new ArrayList<>();
  private final Deque<Saying> unsaid;
  private final ByteBuffer out = ByteBuffer.allocateDirect(CHUNK);
  private final ByteBuffer in;

  private volatile int port;
  private volatile boolean done;
  private int unsent;
  private boolean ended;
  private long nextReading;

  /**
   * One that is yet to {@link #run}.
   *
   * @param beginning when the script begins, by {@link Clock}
   * @param limit when it gives up, by the same clock
   */
  ScriptedClient(Script script, InetSocketAddress server, long beginning, long limit) {
    this.script = script;
    this.server = server;
    this.beginning = beginning;
    this.limit = limit;
    unsaid = new ArrayDeque<>(script.sayings());
    in = ByteBuffer.allocateDirect(script.portion());
    nextReading = script.listen();
  }

  String name() {
    return script.name();
  }

  /** Its own port, by which the server's calls are given to it; 0 before it is connected. */
  int port() {
    return port;
  }

  /** Whether it has seen the end of its connection. */
  boolean isDone() {
    return done;
  }

  /** Whether its connection was refused or reset; to be asked for when it has ended. */
  boolean wasReset() {
    return events.stream().anyMatch(it -> it.kind() == Event.Kind.RESET);
  }

  /** What it did and saw; to be asked for when it has ended. */
  List<Event> events() {
    return List.copyOf(events);
  }

  @Override
  public void run() {
    try (Selector selector = Selector.open();
        SocketChannel peer = SocketChannel.open()) {
      while (now() < script.connect() && !Thread.currentThread().isInterrupted()) {
        selector.select(millisUntil(script.connect()));
      }
      if (script.buffers() > 0) {
        peer.setOption(StandardSocketOptions.SO_SNDBUF, script.buffers());
        peer.setOption(StandardSocketOptions.SO_RCVBUF, script.buffers());
      }
      peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
      peer.bind(null); // Before it is connected its port is not known otherwise.
      port = ((InetSocketAddress) peer.getLocalAddress()).getPort();
      record(now(), Event.Kind.CONNECT, 0);
      peer.configureBlocking(false);
      boolean connected = peer.connect(server);
      SelectionKey key = peer.register(selector, SelectionKey.OP_CONNECT);
      while (!connected && now() < limit - beginning && !Thread.interrupted()) {
        selector.select(millisUntil(limit - beginning));
        connected = peer.finishConnect();
      }
      while (connected && !done && now() < limit - beginning && !Thread.interrupted()) {
        turn(peer);
        if (!done) {
          long now = now(); // One time for both: what is due is due to either, or to neither.
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

  private void turn(SocketChannel peer) throws IOException {
    while (!unsaid.isEmpty() && unsaid.getFirst().at() <= now()) {
      unsent += unsaid.removeFirst().bytes();
    }
    send(peer);
    if (!ended && unsaid.isEmpty() && unsent == 0 && script.end() <= now()) {
      ended = true;
      record(now(), Event.Kind.END, 0);
      peer.shutdownOutput();
    }
    if (nextReading <= now()) {
      receive(peer);
    }
  }

  private void send(SocketChannel peer) throws IOException {
    while (unsent > 0) {
      out.clear().limit(Math.min(unsent, CHUNK));
      for (int i = 0; i < out.limit(); i++) {
        out.put(i, (byte) (i == unsent - 1 ? '\n' : Character.toLowerCase(name().charAt(0))));
      }
      long at = now();
      int count = peer.write(out);
      if (count == 0) {
        return;
      }
      record(at, Event.Kind.SEND, count);
      unsent -= count;
    }
  }

  private void receive(SocketChannel peer) throws IOException {
    long at = now();
    int count = peer.read(in.clear());
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

  /** When there is something to do, whatever the server does. */
  private long next(long now) {
    long next = limit - beginning;
    if (!unsaid.isEmpty()) {
      next = Math.min(next, unsaid.getFirst().at());
    } else if (!ended && unsent == 0) {
      next = Math.min(next, script.end());
    }
    return nextReading > now ? Math.min(next, nextReading) : next;
  }

  /** For a selector, which takes 0 for "for ever". */
  private long millisUntil(long time) {
    return Math.max(1, (time - now() + MICROS - 1) / MICROS);
  }

  private long now() {
    return Clock.micros() - beginning;
  }

  private void record(long at, Event.Kind kind, long bytes) {
    events.add(new Event(at, kind, bytes));
  }
}
