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
 * Single-threaded server with signal-driven I/O: the kernel sends a signal whenever an event occurs
 * on a socket. One thread waits, only in {@code sigtimedwait}, takes the signals from their queue
 * one by one, and serves the socket that each signal names. There is no signal handler: it may
 * interrupt any thread at any instruction, so in a JVM it could do almost nothing.
 *
 * <p>Servers do not use this model for TCP today, and this page, longer than that of other models,
 * shows why. A signal reports an event, once, and not a state. Events before the socket was enabled
 * are not reported, and events that occur while the loop does not read are not reported again. So
 * after every turn the loop has to know whether another signal will come. There is one signal for
 * each segment, even if its data has been read together with the previous segment. The queue is
 * bounded: if it is full, a plain SIGIO reports that signals were lost, and the loop has to try
 * every socket. Each signal costs a system call, while {@code epoll_wait} reports hundreds of
 * sockets at once.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.4; chapter 25 has a UDP server, and explains why the model does not suit TCP. The real-time
 * signal that contains the descriptor is specific to Linux: {@code F_SETSIG} in fcntl(2).
 */
final class SignalDrivenServer implements Server {

  static final String NAME = "linux-sigio";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** Maximum number of accepts in one turn, so that connections are not delayed. */
  private static final int MAX_ACCEPTS = 64;

  /** Timeout of the wait while there is a deadline, and the interval between idle checks. */
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

  /** Whether connections may be pending for which no signal will come. */
  private boolean pendingAccepts;

  /** Whether datagrams may be pending for which no signal will come. */
  private boolean pendingDatagrams;

  /** Connections that can proceed, in the order in which they became ready. */
  private final Queue<Connection> ready = new ArrayDeque<>();

  /** Close connections that have waited for the client's FIN for longer than the linger limit. */
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
    try (Signals signals = new Signals()) { // Signals are sent to this thread.
      this.signals = Optional.of(signals);
      try {
        signals.enable(listener.fd());
        if (datagrams.isOpen()) {
          signals.enable(datagrams.fd());
        }
        tryAll(); // No signal comes for earlier events.
        while (!stopping) {
          await(signals);
        }
        drain(signals);
      } finally {
        closeAll(); // Before the thread unblocks the signals: a later one would end the JVM.
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
    if (!ready.isEmpty()) { // One turn per signal, so that the queue of signals does not grow.
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
    } // Else the connection has been closed.
  }

  /** Tries all sockets, because signals have been lost. */
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
        new Connection(fd).take(); // No signal comes for earlier input.
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "Cannot set up a connection.", e);
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
    /** Waits until it can send. Unread input stays in the kernel: this is back-pressure. */
    WRITING,
    /** Has sent all replies and FIN; discards input until the client's FIN or the linger limit. */
    DISCARDING,
    CLOSED
  }

  /** The state of a connection, which a blocking thread would keep on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session;
    private State state = State.READING;

    /** Readiness as reported by signals, until a call shows that it is no longer true. */
    private boolean readable;

    private boolean writable;

    /**
     * Whether there may be input for which no signal will come: read until a read returns nothing.
     */
    private boolean unreported = true;

    private boolean isQueued;
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input that the session has not consumed. */
    private ByteBuffer unread = Buffers.EMPTY;

    /** Output that has not been sent. */
    private ByteBuffer unsent = Buffers.EMPTY;

    private boolean activeSinceCheck = true;

    Connection(int fd) {
      this.fd = fd;
      connections.put(fd, this);
      session = service.open();
    }

    /** Handles a signal, which reports input, room for output, an error or an end. */
    private void take() {
      unreported |= readable; // Two events, which may be data and then a FIN.
      readable = true;
      writable = true;
      run(); // At once: with a queue, many new connections would outpace the turns.
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

    /** Makes at most one read and two writes, so that no connection delays the others for long. */
    private void run() {
      try {
        switch (state) {
          case READING -> advance(receive());
          case WRITING -> write();
          case DISCARDING -> discard();
          case CLOSED -> {} // It was closed while it was in the queue.
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
      unread = Buffers.EMPTY; // The session has finished.
      Libc.shutdown(fd, Libc.SHUT_WR);
      if (endOfInput) {
        close();
      } else {
        lingering.add(this::close);
        state = State.DISCARDING;
      }
    }

    /**
     * Discards input: closing with unread input would send RST, which can destroy the last reply.
     */
    private void discard() throws IOException {
      receive();
      if (endOfInput) {
        close();
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

    private void close() {
      if (connections.remove(fd, this)) {
        state = State.CLOSED;
        readable = false; // Prevents it from being queued again.
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

  /** Serves the connected clients until each has been answered and is silent. */
  private void drain(Signals signals) throws IOException {
    accept(signals, config.backlog() + 1); // Closing the listener would reset the backlog.
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
