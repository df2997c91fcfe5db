package iomodels.nio;

import static iomodels.nio.Buffers.retainRemainder;
import static iomodels.nio.Network.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import iomodels.time.Deadline;
import iomodels.time.Ticks;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Single-threaded server that polls non-blocking sockets. The thread does not know which socket is
 * ready, so it tries each in turn: the listening socket, the UDP socket, every connection. Each
 * call returns at once, usually without data. The thread never waits: it uses a whole core with a
 * thousand clients or with none. This is the cost of the model, not a defect of this code. A round
 * costs one system call for each connection, idle or not.
 *
 * <p>As in every loop, a read that returns 0 is not the end of input, a write may accept only a
 * part, and each connection gets one turn in a round. The loop has one buffer for input and one for
 * output; a connection keeps a copy only of bytes that have not been consumed or sent. (This page
 * limits and pauses its accepts itself, since it cannot use the listener of the selector loops. So
 * it is a few lines longer than its aim.)
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.2, which calls it a waste of CPU time; non-blocking sockets are chapter 16.
 */
final class PollingServer implements Server {

  static final String NAME = "nio-polling";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 64 * 1024;

  /** Maximum number of accepts in one round, so that connections are not delayed. */
  private static final int MAX_ACCEPTS = 64;

  /**
   * Accept is not tried in every round, since it allocates memory even if no connection is pending.
   */
  private static final Duration ACCEPT_INTERVAL = Duration.ofNanos(100_000);

  /** The pause after an accept that failed for lack of descriptors. */
  private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

  /** While the server stops, a client that has been silent for this long counts as finished. */
  private static final Duration IDLE = Duration.ofMillis(50);

  private final ServerConfig config;
  private final Service service;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final InetSocketAddress address;
  private Optional<UdpSocket> datagrams = Optional.empty();
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final List<Connection> connections = new ArrayList<>();

  /** Whether there was anything to do in this round. */
  private boolean busy;

  private final Ticks accepts = new Ticks(ACCEPT_INTERVAL);
  private volatile boolean stopping;

  PollingServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    try {
      address = Network.listen(listener, config.address(), config.backlog());
      datagrams = UdpSocket.bind(config, service, address);
      terminated = Network.startThread(NAME + "-loop", this::run);
    } catch (Throwable e) {
      stopListening();
      throw e;
    }
  }

  private void run() {
    try {
      while (!stopping) {
        if (accepts.isDue()) {
          accept(MAX_ACCEPTS);
        }
        datagrams.ifPresent(it -> busy |= it.answer());
        await();
      }
      drain();
    } finally {
      stopListening();
      connections.forEach(it -> closeQuietly(it.peer));
    }
  }

  // tag::wait[]
  /** Gives every connection a turn. Unlike the waits of other models, it does not block. */
  @SuppressWarnings("ThreadPriorityCheck") // Correctness does not depend on the yield.
  private void await() {
    connections.forEach(Connection::run);
    if (connections.removeIf(it -> !it.peer.isOpen())) {
      accepts.restart(Duration.ZERO); // A descriptor is free.
    }
    if (!busy) {
      Thread.yield(); // Lets other threads use the core; if there are none, it returns at once.
    }
    busy = false;
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int max) {
    try {
      SocketChannel peer;
      for (int i = 0; i < max && (peer = listener.accept()) != null; i++) {
        busy = true;
        welcome(peer);
      }
    } catch (IOException _) {
      accepts.restart(ACCEPT_PAUSE); // Out of descriptors; connections are served meanwhile.
    }
  }

  private void welcome(SocketChannel peer) {
    try {
      peer.setOption(StandardSocketOptions.TCP_NODELAY, true).configureBlocking(false);
      connections.add(new Connection(peer));
    } catch (IOException | RuntimeException e) {
      LOG.log(WARNING, "Cannot set up a connection.", e);
      closeQuietly(peer);
    }
  }

  // end::accept[]

  private enum State {
    /** Tries to read. */
    READING,
    /** Tries to send. Unread input stays in the kernel: this is back-pressure. */
    WRITING,
    /** Has sent all replies and FIN; discards input until the client's FIN or the linger limit. */
    DISCARDING
  }

  /** The state of a connection, which a blocking thread would keep on its stack. */
  private final class Connection {

    private final SocketChannel peer;
    private final Session session = service.open();
    private State state = State.READING;
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input that the session has not consumed. */
    private ByteBuffer unread = Buffers.EMPTY;

    /** Output that has not been sent. */
    private ByteBuffer unsent = Buffers.EMPTY;

    private boolean activeSinceCheck = true;
    private long discardEnd;

    Connection(SocketChannel peer) {
      this.peer = peer;
    }

    /** Makes at most one read and two writes, so that no connection delays the others for long. */
    void run() {
      try {
        switch (state) {
          case READING -> read();
          case WRITING -> write();
          case DISCARDING -> discard();
        }
      } catch (IOException _) {
        closeQuietly(peer); // The client has reset the connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        closeQuietly(peer);
      }
    }

    // tag::converse[]
    private void read() throws IOException {
      endOfInput |= peer.read(in.clear()) < 0;
      if (in.flip().hasRemaining() || endOfInput) {
        activeSinceCheck = true;
        advance(in);
      }
    }

    private void advance(ByteBuffer input) throws IOException {
      busy = true;
      progress = session.advance(input, out.clear(), endOfInput);
      unread = retainRemainder(input);
      unsent = Buffers.write(peer, out.flip());
      proceed();
    }

    private void write() throws IOException {
      unsent = Buffers.write(peer, unsent);
      busy |= !unsent.hasRemaining();
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
        state = hasOutput ? State.WRITING : State.READING;
      }
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() throws IOException {
      unread = Buffers.EMPTY; // The session has finished.
      peer.shutdownOutput();
      if (endOfInput) {
        peer.close();
      } else {
        state = State.DISCARDING;
        discardEnd = System.nanoTime() + config.linger().toNanos();
      }
    }

    /**
     * Discards input: closing with unread input would send RST, which can destroy the last reply.
     */
    private void discard() throws IOException {
      if (peer.read(in.clear()) < 0 || System.nanoTime() - discardEnd >= 0) {
        peer.close();
      }
    }

    /**
     * While the server stops, ends the input of a client that has been silent for {@link #IDLE}. If
     * all input were ended at once, data in the clients' send buffers would be lost.
     */
    private void endInputIfIdle() {
      endOfInput |= state == State.READING && !activeSinceCheck;
      activeSinceCheck = state != State.READING; // While it writes, it does not read.
    }
  }

  @Override
  public void close() {
    stopping = true;
    terminated.handle((_, _) -> null).join();
  }

  /** Serves the connected clients until each has been answered and is silent. */
  private void drain() {
    accept(config.backlog() + 1); // Closing the listener would reset the backlog.
    stopListening();
    Deadline end = Deadline.in(config.gracePeriod());
    Ticks idleChecks = new Ticks(IDLE);
    while (!connections.isEmpty() && !end.isOver()) {
      if (idleChecks.isDue()) {
        connections.forEach(Connection::endInputIfIdle);
      }
      await();
    }
  }

  private void stopListening() {
    closeQuietly(listener);
    datagrams.ifPresent(UdpSocket::close);
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
