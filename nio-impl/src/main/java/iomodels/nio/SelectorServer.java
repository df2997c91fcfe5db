package iomodels.nio;

import static iomodels.nio.Buffers.retainRemainder;
import static iomodels.nio.Network.closeQuietly;
import static iomodels.nio.Network.register;
import static java.lang.System.Logger.Level.WARNING;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import iomodels.time.Deadline;
import iomodels.time.Ticks;
import iomodels.time.Timeouts;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Single-threaded reactor. One event-loop thread multiplexes the listening socket, all connections
 * and the UDP socket with a {@link Selector}, and blocks only in {@code select()}. In each
 * iteration a ready connection gets at most one read and two writes, so a busy client cannot starve
 * the others. State that a blocking thread would keep on its stack lives in {@code Connection}.
 *
 * <p>While output is pending, the connection is registered for {@code OP_WRITE} only: unread input
 * stays in the kernel, and TCP flow control slows the client down. The loop has one buffer for
 * input and one for output; a connection keeps a copy only of bytes that have not been consumed or
 * sent.
 *
 * <p>Cost: one slow call delays every client, and only one core is used.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3; TCP and UDP in one loop are section 8.15. The pattern is D. C. Schmidt's <i>Reactor</i>.
 */
final class SelectorServer implements Server {

  static final String NAME = "nio-selector";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 64 * 1024;

  /** Maximum number of accepts in one turn, so that connections are not delayed. */
  private static final int MAX_ACCEPTS = 64;

  /** Timeout of the select while there is a deadline, and the interval between idle checks. */
  private static final long TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final Selector selector = Selector.open();
  private final Listener listener;
  private final Optional<UdpSocket> datagrams;
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final Set<Connection> connections = new HashSet<>();

  /** Close connections that have waited for the client's FIN for longer than the linger limit. */
  private final Timeouts lingering;

  private volatile boolean stopping;

  SelectorServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    lingering = new Timeouts(config.linger());
    try {
      listener =
          Listener.bind(selector, config.address(), config.backlog(), () -> accept(MAX_ACCEPTS));
      datagrams = UdpSocket.bind(config, service, listener.address());
      if (datagrams.isPresent()) {
        register(selector, datagrams.get().channel(), OP_READ, datagrams.get()::answer);
      }
      terminated = Network.startThread(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void run() throws IOException {
    try {
      while (!stopping) {
        await();
      }
      drain();
    } finally {
      closeAll();
    }
  }

  // tag::wait[]
  private void await() throws IOException {
    boolean timed = stopping || listener.isPaused() || !lingering.isEmpty();
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    listener.resumeIfDue();
    lingering.runDue();
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int max) {
    SocketChannel peer;
    for (int i = 0; i < max && (peer = listener.accept()) != null; i++) {
      try {
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        connections.add(new Connection(peer));
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "Cannot set up a connection.", e);
        closeQuietly(peer);
      }
    }
  }

  // end::accept[]

  private enum State {
    /** Waits for input. */
    READING,
    /** Waits until it can send. Unread input stays in the kernel: this is back-pressure. */
    WRITING,
    /** Has sent all replies and FIN; discards input until the client's FIN or the linger limit. */
    DISCARDING
  }

  /** The state of a connection, which a blocking thread would keep on its stack. */
  private final class Connection implements Runnable {

    private final SocketChannel peer;
    private final SelectionKey key;
    private final Session session = service.open();
    private State state = State.READING;
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input that the session has not consumed. */
    private ByteBuffer unread = Buffers.EMPTY;

    /** Output that has not been sent. */
    private ByteBuffer unsent = Buffers.EMPTY;

    private boolean activeSinceCheck = true;

    Connection(SocketChannel peer) throws IOException {
      this.peer = peer;
      this.key = register(selector, peer, OP_READ, this);
    }

    /** Makes at most one read and two writes, so that no connection delays the others for long. */
    @Override
    public void run() {
      try {
        switch (state) {
          case READING -> read();
          case WRITING -> write();
          case DISCARDING -> discard();
        }
      } catch (IOException _) {
        end(); // The client has reset the connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        end();
      }
    }

    // tag::converse[]
    private void read() throws IOException {
      endOfInput |= peer.read(in.clear()) < 0;
      activeSinceCheck = true;
      advance(in.flip());
    }

    private void advance(ByteBuffer input) throws IOException {
      progress = session.advance(input, out.clear(), endOfInput);
      unread = retainRemainder(input);
      unsent = Buffers.write(peer, out.flip());
      proceed();
    }

    private void write() throws IOException {
      unsent = Buffers.write(peer, unsent);
      if (progress == Progress.OVERFLOW && !unsent.hasRemaining()) {
        advance(unread);
      } else {
        proceed();
      }
    }

    private void proceed() throws IOException {
      boolean hasOutput = unsent.hasRemaining() || progress == Progress.OVERFLOW;
      if (progress == Progress.FINISHED && !hasOutput) {
        shutdownOutput();
      } else {
        enter(hasOutput ? State.WRITING : State.READING);
      }
    }

    private void enter(State next) {
      state = next;
      key.interestOps(next == State.WRITING ? OP_WRITE : OP_READ); // No call unless it changes.
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() throws IOException {
      unread = Buffers.EMPTY; // The session has finished.
      peer.shutdownOutput();
      if (endOfInput) {
        end();
      } else {
        lingering.add(this::end);
        enter(State.DISCARDING);
      }
    }

    /**
     * Discards input: closing with unread input would send RST, which can destroy the last reply.
     */
    private void discard() throws IOException {
      if (peer.read(in.clear()) < 0) {
        end();
      }
    }

    /**
     * While the server stops, ends the input of a client that has been silent for a tick. If all
     * input were ended at once, data in the clients' send buffers would be lost.
     */
    private void endInputIfIdle() {
      if (state == State.READING && !activeSinceCheck) {
        endOfInput = true;
        run();
      }
      activeSinceCheck = state != State.READING; // While it writes, it does not read.
    }

    private void end() {
      closeQuietly(peer);
      connections.remove(this);
      listener.resume(); // The next select releases the descriptor before it blocks.
    }
  }

  @Override
  public void close() {
    stopping = true;
    selector.wakeup();
    terminated.handle((_, _) -> null).join();
  }

  /** Serves the connected clients until each has been answered and is silent. */
  private void drain() throws IOException {
    accept(config.backlog() + 1); // Closing the listener would reset the backlog.
    listener.close();
    datagrams.ifPresent(UdpSocket::close);
    Deadline end = Deadline.in(config.gracePeriod());
    Ticks idleChecks = new Ticks(Duration.ofMillis(TICK_MILLIS));
    while (!connections.isEmpty() && !end.isOver()) {
      await();
      if (idleChecks.isDue()) {
        Set.copyOf(connections).forEach(Connection::endInputIfIdle);
      }
    }
  }

  private void closeAll() {
    selector.keys().forEach(key -> closeQuietly(key.channel()));
    closeQuietly(selector); // Releases the descriptors of registered channels.
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return listener.address();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
