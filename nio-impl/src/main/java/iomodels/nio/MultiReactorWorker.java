package iomodels.nio;

import static iomodels.nio.Buffers.retainRemainder;
import static iomodels.nio.Network.closeQuietly;
import static iomodels.nio.Network.register;
import static java.lang.System.Logger.Level.WARNING;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import iomodels.time.Deadline;
import iomodels.time.Ticks;
import iomodels.time.Timeouts;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * One of the reactors of {@link MultiReactorServer}: a thread with its selector, its buffers and
 * its connections. It blocks only in its own {@code select()}. The loop is the same as in {@link
 * SelectorServer}, and a message costs the same, but new connections come from the queue {@code
 * arrivals} instead of a listening socket.
 */
final class MultiReactorWorker {

  private static final System.Logger LOG = System.getLogger(MultiReactorServer.NAME);
  private static final int BUFFER_SIZE = 64 * 1024;

  /** Timeout of the select while there is a deadline, and the interval between idle checks. */
  private static final long TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final MultiReactorServer acceptor;
  private final Selector selector = Selector.open();

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final Set<Connection> connections = new HashSet<>();

  /** Close connections that have waited for the client's FIN for longer than the linger limit. */
  private final Timeouts lingering;

  /** Connections that the acceptor has handed over and that are not registered yet. */
  private final Queue<SocketChannel> arrivals = new ConcurrentLinkedQueue<>();

  /** Whether a connection has been closed whose descriptor the next select releases. */
  private boolean isReleasing;

  private volatile boolean stopping;

  MultiReactorWorker(ServerConfig config, Service service, MultiReactorServer acceptor)
      throws IOException {
    this.config = config;
    this.service = service;
    this.acceptor = acceptor;
    lingering = new Timeouts(config.linger());
  }

  void run() throws IOException {
    try {
      while (!stopping) {
        await();
      }
      drain();
    } finally {
      closeAll();
      acceptor.stop(); // If this loop has failed, the server must end.
    }
  }

  // tag::wait[]
  private void await() throws IOException {
    boolean timed = stopping || !lingering.isEmpty();
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    while (isReleasing && acceptor.isPaused()) {
      isReleasing = false;
      selector.selectNow(key -> ((Runnable) key.attachment()).run()); // Releases the descriptor.
      acceptor.descriptorFreed();
    }
    for (SocketChannel peer = arrivals.poll(); peer != null; peer = arrivals.poll()) {
      welcome(peer);
    }
    lingering.runDue();
  }

  // end::wait[]

  // tag::accept[]
  /** Hands over a new connection. Called by the acceptor's thread. */
  void handOver(SocketChannel peer) {
    arrivals.add(peer);
    selector.wakeup();
  }

  private void welcome(SocketChannel peer) {
    try {
      peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
      connections.add(new Connection(peer));
    } catch (IOException | RuntimeException e) {
      LOG.log(WARNING, "Cannot set up a connection.", e);
      closeQuietly(peer);
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
      isReleasing = true;
    }
  }

  /**
   * Stops the worker. Called by the acceptor's thread, after it has handed over the last
   * connection.
   */
  void stop() {
    stopping = true;
    selector.wakeup();
  }

  /** Serves the connected clients until each has been answered and is silent. */
  private void drain() throws IOException {
    Deadline end = Deadline.in(config.gracePeriod());
    Ticks idleChecks = new Ticks(Duration.ofMillis(TICK_MILLIS));
    do {
      await();
      if (idleChecks.isDue()) {
        Set.copyOf(connections).forEach(Connection::endInputIfIdle);
      }
    } while (!connections.isEmpty() && !end.isOver());
  }

  private void closeAll() {
    selector.keys().forEach(key -> closeQuietly(key.channel()));
    closeQuietly(selector); // Releases the descriptors of registered channels.
  }

  /**
   * Closes connections that were handed over after the loop had failed. Called when all threads
   * have ended.
   */
  void close() {
    if (selector.isOpen()) { // The thread has not been started.
      closeAll();
    }
    arrivals.forEach(Network::closeQuietly);
  }

  // end::close[]
}
