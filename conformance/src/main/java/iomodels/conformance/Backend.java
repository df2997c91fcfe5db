package iomodels.conformance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * An upstream server of a program, played by the kit. It accepts a connection when a rule calls
 * {@link #accept}, and returns it as a {@link Peer}. For use by one thread at a time.
 */
public final class Backend implements AutoCloseable {

  /** Enough for a crowd: if a backlog is full, connecting takes a second or more. */
  private static final int BACKLOG = 1024;

  /** More connections than any system queues for a backlog of one. */
  private static final int MOST_WAITING = 64;

  /** Longer than connecting takes on loopback while the backlog has room. */
  private static final long CONNECTING_MILLIS = 200;

  /** Is bound and never listens, so that no other process gets the port meanwhile. */
  private final SocketChannel reserved;

  /** Is absent while the upstream refuses connections. */
  private Optional<ServerSocketChannel> listening = Optional.empty();

  private final Duration patience;
  private final Transcript transcript;
  private final String name;
  private final Consumer<Peer> opened;
  private int accepted;

  /** Connections that fill the backlog. */
  private final List<SocketChannel> waiting = new ArrayList<>();

  private Backend(Duration patience, Transcript transcript, String name, Consumer<Peer> opened)
      throws IOException {
    this.opened = opened;
    this.patience = patience;
    this.transcript = transcript;
    this.name = name;
    reserved = SocketChannel.open();
    // Two sockets that reuse the address share the port if the first does not listen: socket(7).
    reserved.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    reserved.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /**
   * Creates an upstream that listens.
   *
   * @param receiveBuffer size of the receive buffers of its connections in bytes, 0 for the
   *     system's default
   * @param opened receives each accepted connection, to close it later
   */
  static Backend listening(
      int receiveBuffer,
      Duration patience,
      Transcript transcript,
      String name,
      Consumer<Peer> opened)
      throws IOException {
    Backend backend = new Backend(patience, transcript, name, opened);
    backend.listen(BACKLOG, receiveBuffer);
    return backend;
  }

  /** Creates an upstream that refuses connections: its port is bound, but does not listen. */
  static Backend refusing(
      Duration patience, Transcript transcript, String name, Consumer<Peer> opened)
      throws IOException {
    return new Backend(patience, transcript, name, opened);
  }

  private void listen(int backlog, int receiveBuffer) throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open();
    listening = Optional.of(listener);
    try {
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      if (receiveBuffer > 0) {
        listener.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer); // for its connections
      }
      listener.bind(address(), backlog);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private ServerSocketChannel listener() {
    return listening.orElseThrow(() -> new IllegalStateException(name + " does not listen"));
  }

  /** Lets an upstream that refuses connections listen on the same port from now on. */
  public void startListening() throws IOException {
    listen(BACKLOG, 0);
    transcript.add("kit", "%s begins to listen".formatted(name));
  }

  /**
   * Refuses connections on the same port from now on; those that wait for room are refused when the
   * kernel of their client tries again.
   */
  public void stopListening() throws IOException {
    listener().close();
    listening = Optional.empty();
    transcript.add("kit", "%s stops listening, and refuses connections".formatted(name));
  }

  /** Creates a listener whose backlog is full: the kernel does not answer new connections. */
  static Backend full(Duration patience, Transcript transcript, String name, Consumer<Peer> opened)
      throws IOException, InterruptedException {
    Backend backend = new Backend(patience, transcript, name, opened);
    backend.listen(1, 0);
    try {
      backend.fill();
      return backend;
    } catch (IOException | InterruptedException e) {
      backend.close();
      throw e;
    }
  }

  /** Fills the backlog, so that connecting does not complete until {@link #makeRoom}. */
  public void fill() throws IOException, InterruptedException {
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

  /**
   * Empties the backlog that {@link #fill} has filled. A connection that waits for room is made
   * when the kernel of its client tries again, after about a second.
   */
  public void makeRoom() throws IOException {
    ServerSocketChannel listener = listener();
    listener.socket().setSoTimeout(Math.toIntExact(patience.toMillis()));
    for (SocketChannel each : waiting) {
      if (each.isOpen()) {
        try {
          listener.socket().accept().close(); // They came first, and are accepted first.
        } catch (SocketTimeoutException e) {
          throw new Inconclusive("the kit cannot accept its own connections", e);
        }
        each.close();
      }
    }
    waiting.clear();
    transcript.add("kit", "%s makes room in its backlog".formatted(name));
  }

  /** Returns the address on which it listens. */
  public InetSocketAddress address() throws IOException {
    return (InetSocketAddress) reserved.getLocalAddress();
  }

  /** Accepts the next connection. */
  public Peer accept() throws Broken, IOException {
    return acceptWithin(patience)
        .orElseThrow(
            () ->
                Broken.late(
                    "a connection to " + name,
                    "none was made for %,d ms".formatted(patience.toMillis())));
  }

  /** Accepts the next connection; empty if none is made within this time. */
  public Optional<Peer> acceptWithin(Duration time) throws IOException {
    ServerSocketChannel listener = listener();
    listener.socket().setSoTimeout(Math.max(1, Math.toIntExact(time.toMillis())));
    try {
      SocketChannel channel = listener.socket().accept().getChannel();
      transcript.add("kit", "%s accepts a connection".formatted(name));
      accepted++;
      Peer peer = Peer.accepted(channel, patience, transcript, "%s.%d".formatted(name, accepted));
      opened.accept(peer);
      return Optional.of(peer);
    } catch (SocketTimeoutException _) {
      return Optional.empty();
    }
  }

  /** Demands that nobody connects for this long. */
  public void expectNobody(Duration time) throws Broken, IOException {
    ServerSocketChannel listener = listener();
    listener.socket().setSoTimeout(Math.toIntExact(time.toMillis()));
    try {
      listener.socket().accept().close();
    } catch (SocketTimeoutException _) {
      transcript.add("kit", "%s receives nothing for %,d ms".formatted(name, time.toMillis()));
      return;
    }
    throw new Broken("no connection to " + name, "one was made");
  }

  /** Closes all connections in the accept queue; does not wait for any. */
  public void closePending() throws IOException {
    ServerSocketChannel listener = listener();
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
    if (listening.isPresent()) {
      listening.get().close();
    }
    reserved.close();
  }
}
