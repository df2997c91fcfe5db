package iomodels.conformance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A server that a program turns to, played by the kit: it accepts when a rule says so, and what
 * comes then is a {@link Peer}. For use by one thread at a time.
 */
public final class Backend implements AutoCloseable {

  private static final int DEFAULT_BACKLOG = 0;

  /** More than fit into a backlog of one, on any system. */
  private static final int MOST_WAITING = 64;

  /** On loopback a connection that is accepted is made at once. */
  private static final long CONNECTING_MILLIS = 200;

  private final NetworkChannel port;
  private final Duration patience;
  private final Transcript transcript;
  private final String name;
  private final Consumer<Peer> opened;
  private int accepted;

  /** Connections that wait in the backlog, so that there is no place for another. */
  private final List<SocketChannel> waiting = new ArrayList<>();

  private Backend(
      NetworkChannel port,
      int backlog,
      Duration patience,
      Transcript transcript,
      String name,
      Consumer<Peer> opened)
      throws IOException {
    this.opened = opened;
    this.port = port;
    this.patience = patience;
    this.transcript = transcript;
    this.name = name;
    InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    if (port instanceof ServerSocketChannel listener) {
      listener.bind(anywhere, backlog);
    } else {
      port.bind(anywhere);
    }
  }

  /**
   * One that listens.
   *
   * @param opened is given each connection, to close it
   */
  static Backend listening(
      Duration patience, Transcript transcript, String name, Consumer<Peer> opened)
      throws IOException {
    return new Backend(
        ServerSocketChannel.open(), DEFAULT_BACKLOG, patience, transcript, name, opened);
  }

  /** One that refuses: the port is taken, so that nobody else can, but nobody listens. */
  static Backend refusing(Duration patience, Transcript transcript, String name)
      throws IOException {
    return new Backend(SocketChannel.open(), 0, patience, transcript, name, _ -> {});
  }

  /** A listener whose backlog is full: the kernel does not answer a new connection. */
  static Backend full(Duration patience, Transcript transcript, String name, Consumer<Peer> opened)
      throws IOException, InterruptedException {
    Backend backend =
        new Backend(ServerSocketChannel.open(), 1, patience, transcript, name, opened);
    try {
      backend.fill();
      return backend;
    } catch (IOException | InterruptedException e) {
      backend.close();
      throw e;
    }
  }

  private void fill() throws IOException, InterruptedException {
    for (int i = 0; i < MOST_WAITING; i++) {
      SocketChannel channel = SocketChannel.open();
      waiting.add(channel);
      channel.configureBlocking(false);
      if (!channel.connect(address())) {
        TimeUnit.MILLISECONDS.sleep(CONNECTING_MILLIS);
        if (!channel.finishConnect()) {
          channel.close();
          transcript.add("kit", "%s has a full backlog: %d connections".formatted(name, i));
          return;
        }
      }
    }
    throw new Inconclusive(
        "a backlog of 1 was not full with %d connections".formatted(MOST_WAITING));
  }

  /** Where it is. */
  public InetSocketAddress address() throws IOException {
    return (InetSocketAddress) port.getLocalAddress();
  }

  /** The next connection that is made to it. */
  public Peer accept() throws Broken, IOException {
    ServerSocketChannel listener = (ServerSocketChannel) port;
    listener.socket().setSoTimeout(Math.toIntExact(patience.toMillis()));
    try {
      SocketChannel channel = listener.socket().accept().getChannel();
      transcript.add("kit", "%s accepts a connection".formatted(name));
      accepted++;
      Peer peer = Peer.accepted(channel, patience, transcript, "%s.%d".formatted(name, accepted));
      opened.accept(peer);
      return peer;
    } catch (SocketTimeoutException _) {
      throw Broken.late(
          "a connection to " + name, "none was made for %,d ms".formatted(patience.toMillis()));
    }
  }

  /** Demands that nobody connects for that long. */
  public void expectNobody(Duration time) throws Broken, IOException {
    ServerSocketChannel listener = (ServerSocketChannel) port;
    listener.socket().setSoTimeout(Math.toIntExact(time.toMillis()));
    try {
      listener.socket().accept().close();
    } catch (SocketTimeoutException _) {
      transcript.add("kit", "%s hears nothing for %,d ms".formatted(name, time.toMillis()));
      return;
    }
    throw new Broken("no connection to " + name, "one was made");
  }

  /** Closes whatever connections wait to be accepted; does not wait for any. */
  public void dismissAll() throws IOException {
    ServerSocketChannel listener = (ServerSocketChannel) port;
    listener.configureBlocking(false);
    for (SocketChannel it = listener.accept(); it != null; it = listener.accept()) {
      it.close();
    }
    listener.configureBlocking(true);
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel each : waiting) {
      each.close();
    }
    port.close();
  }
}
