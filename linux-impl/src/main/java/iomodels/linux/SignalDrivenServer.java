package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;

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
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/**
 * Single-threaded server with signal-driven I/O: the kernel sends a signal whenever something
 * happens to a socket. One thread waits, only in {@code sigtimedwait}, takes the signals from their
 * queue one by one, and gives the socket that each names a turn. No signal handler runs: in a JVM
 * it could do next to nothing, since it may interrupt any thread at any instruction.
 *
 * <p>Nobody serves TCP like this today, and this page, longer than its neighbours, shows why. A
 * signal reports an event, once, and not a state. Events before the socket was enabled are not
 * reported, and neither are events while the loop does not want to read; so the loop has to know
 * after every turn whether another signal will come. There is one signal for each segment, even if
 * its data has been read together with the segment before. The queue is bounded: when it is full, a
 * plain SIGIO says that signals were lost, and the loop has to try every socket. And each signal
 * costs a system call, where {@code epoll_wait} reports hundreds of sockets at once.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.4; chapter 25 has a UDP server, and says why TCP is another matter. The real-time signal with
 * the descriptor in it is specific to Linux: {@code F_SETSIG} in fcntl(2).
 */
final class SignalDrivenServer implements Server {

  static final String NAME = "linux-sigio";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** In one turn: connections have to have their turn as well. */
  private static final int MAX_ACCEPTS = 64;

  /** Timeout of the wait while there is any deadline, and the interval between idle checks. */
  private static final int TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final Listener listener = new Listener();
  private final UdpSocket datagrams = new UdpSocket();
  private final ConnectionTable<Connection> connections = new ConnectionTable<>();

  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();

  /** Connections or datagrams may be pending for which no signal will come. */
  private boolean pendingAccepts;

  private boolean pendingDatagrams;

  /** Connections that can proceed, the one that has waited longest first. */
  private final Queue<Connection> ready = new ArrayDeque<>();

  /** Closes connections that wait too long for the client's FIN. */
  private final Timeouts lingering;

  private volatile Optional<Signals> signals = Optional.empty();
  private volatile boolean stopping;

  SignalDrivenServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    lingering = new Timeouts(config.linger());
    try {
      address = listener.bind(config);
      datagrams.bind(config, service, address);
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void run() throws IOException {
    try (Signals signals = new Signals()) { // They are sent to the thread that creates this.
      this.signals = Optional.of(signals);
      try {
        signals.enable(listener.fd());
        if (datagrams.isOpen()) {
          signals.enable(datagrams.fd());
        }
        tryAll(); // No signal comes for what happened before.
        while (!stopping) {
          await(signals);
        }
        drain(signals);
      } finally {
        closeAll(); // Before the thread unblocks the signals: one that came then would end the JVM.
      }
    } finally {
      closeAll();
    }
  }

  // tag::wait[]
  private void await(Signals signals) throws IOException {
    boolean timed = stopping || listener.isPaused() || !lingering.isEmpty();
    boolean isBusy = !ready.isEmpty() || pendingDatagrams || canAccept();
    int fd = signals.await(isBusy ? 0 : timed ? TICK_MILLIS : Signals.FOREVER);
    if (fd == Signals.OVERFLOW) {
      tryAll();
    } else if (fd != Signals.NONE) {
      take(fd);
    }
    if (canAccept()) {
      accept(signals, MAX_ACCEPTS);
    }
    if (pendingDatagrams) {
      pendingDatagrams = datagrams.answer();
    }
    if (!ready.isEmpty()) { // One for each signal, so that the queue of signals does not grow.
      ready.remove().runQueued();
    }
    listener.resumeIfDue();
    lingering.runDue();
  }

  private boolean canAccept() {
    return pendingAccepts && !listener.isPaused();
  }

  private void take(int fd) {
    Connection connection = connections.get(fd);
    if (connection != null) {
      connection.take();
    } else {
      pendingAccepts |= fd == listener.fd();
      pendingDatagrams |= fd == datagrams.fd();
    } // Else the signal was about a connection that has been closed.
  }

  /** Signals have been lost: anything may have happened to any socket. */
  private void tryAll() {
    pendingAccepts = listener.fd() != NONE;
    pendingDatagrams = datagrams.isOpen();
    connections.forEach(Connection::takeLost);
  }

  // end::wait[]

  // tag::accept[]
  private void accept(Signals signals, int max) {
    int fd = NONE;
    for (int i = 0; i < max && (fd = listener.accept()) != NONE; i++) {
      try {
        signals.enable(fd);
        new Connection(fd).take(); // No signal comes for what it has sent before.
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "A client was turned away.", e);
        connections.remove(fd);
        Libc.close(fd);
      }
    }
    pendingAccepts = fd != NONE || listener.isPaused();
  }

  // end::accept[]

  private enum State {
    /** Waits for input. */
    READING,
    /** Waits until it can send. Unread input stays in the kernel: that is back-pressure. */
    WRITING,
    /** Has sent all replies and FIN; discards input until the client's FIN or the linger limit. */
    DISCARDING,
    CLOSED
  }

  /** State that a thread of its own would have on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session;
    private State state = State.READING;

    /** What signals have reported, until a call shows that it is no longer true. */
    private boolean readable;

    private boolean writable;

    /**
     * More may have happened than one read shows: no signal will come until a read finds nothing.
     */
    private boolean unreported = true;

    private boolean isQueued;
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input that the session has not taken, and output that has not been sent. */
    private ByteBuffer unread = Buffers.EMPTY;

    private ByteBuffer unsent = Buffers.EMPTY;
    private boolean activeSinceCheck = true;

    Connection(int fd) {
      this.fd = fd;
      connections.put(fd, this);
      session = service.open();
    }

    /** A signal has come: input, room for output, an error or an end. */
    private void take() {
      unreported |= readable; // Two signals in one: it may be data, and then a FIN.
      readable = true;
      writable = true;
      run(); // At once: if it were queued, a storm of connections would outrun the queue.
    }

    private void takeLost() {
      unreported = true;
      readable = true;
      writable = true;
      enqueueIfReady();
    }

    private void runQueued() {
      isQueued = false;
      run();
    }

    private void enqueueIfReady() {
      if (!isQueued && (state == State.WRITING ? writable : readable)) {
        isQueued = ready.add(this);
      }
    }

    /** At most one read and two writes, so that no connection delays the others for long. */
    private void run() {
      try {
        switch (state) {
          case READING -> advance(receive());
          case WRITING -> write();
          case DISCARDING -> discard();
          case CLOSED -> {} // While it was in the queue.
        }
        enqueueIfReady();
      } catch (IOException _) {
        close(); // The client has reset the connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        close();
      }
    }

    // tag::converse[]
    private ByteBuffer receive() throws IOException {
      int count = in.recv(fd);
      endOfInput |= count < 0;
      unreported &= count != 0;
      readable = unreported || count == in.bytes().capacity();
      activeSinceCheck |= count != 0;
      return in.bytes();
    }

    private void send(ByteBuffer output) throws IOException {
      unsent = out.send(fd, output);
      writable = !unsent.hasRemaining();
    }

    private void advance(ByteBuffer input) throws IOException {
      progress = session.advance(input, out.bytes().clear(), endOfInput);
      unread = retainRemainder(input);
      send(out.bytes().flip());
      proceed();
    }

    private void write() throws IOException {
      send(unsent);
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
      unread = Buffers.EMPTY; // It is not read any more.
      Libc.shutdown(fd, Libc.SHUT_WR);
      if (endOfInput) {
        close();
      } else {
        lingering.add(this::close);
        state = State.DISCARDING;
      }
    }

    /** Closing with unread input would send RST, which can destroy the last reply. */
    private void discard() throws IOException {
      receive();
      if (endOfInput) {
        close();
      }
    }

    /**
     * While the server stops, ends the input of a client that has been silent for a tick. Shutting
     * down all input at once would lose what is still in the client's send buffer.
     */
    private void endInputIfIdle() {
      if (state == State.READING && !activeSinceCheck) {
        endOfInput = true;
        run();
      }
      activeSinceCheck = state != State.READING; // What it writes now has kept it from reading.
    }

    private void close() {
      if (connections.remove(fd, this)) {
        state = State.CLOSED;
        readable = false; // So that it is not queued again.
        Libc.close(fd);
        listener.descriptorFreed();
      }
    }
  }

  @Override
  public void close() {
    stopping = true;
    signals.ifPresent(Signals::wakeUp);
    terminated.handle((_, _) -> null).join();
  }

  /** Serves the clients that have connected until each has been answered and is silent. */
  private void drain(Signals signals) throws IOException {
    accept(signals, config.backlog() + 1); // Closing the listener resets what is in the backlog.
    listener.close();
    datagrams.close();
    pendingAccepts = false;
    pendingDatagrams = false;
    Deadline end = Deadline.in(config.gracePeriod());
    Ticks idleChecks = new Ticks(Duration.ofMillis(TICK_MILLIS));
    while (!connections.isEmpty() && !end.isOver()) {
      await(signals);
      if (idleChecks.isDue()) {
        connections.forEach(Connection::endInputIfIdle);
      }
    }
  }

  private void closeAll() {
    listener.close();
    datagrams.close();
    connections.forEach(Connection::close);
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
