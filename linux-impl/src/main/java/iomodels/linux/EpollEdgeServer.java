package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.check;
import static iomodels.linux.Errno.checkWait;
import static iomodels.linux.Libc.EPOLLERR;
import static iomodels.linux.Libc.EPOLLET;
import static iomodels.linux.Libc.EPOLLHUP;
import static iomodels.linux.Libc.EPOLLIN;
import static iomodels.linux.Libc.EPOLLOUT;
import static iomodels.linux.Libc.EPOLLPRI;
import static iomodels.linux.Libc.EPOLLRDHUP;
import static iomodels.linux.Libc.EPOLL_CTL_ADD;
import static iomodels.linux.Libc.EPOLL_CTL_MOD;
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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/**
 * Single-threaded reactor on edge-triggered {@code epoll}. The kernel reports a socket once, when
 * it <em>becomes</em> ready, and not again while it stays ready. So {@code epoll_ctl} is called
 * only once for a connection, for both reading and writing.
 *
 * <p>The trap: if a loop leaves input unread, no further report comes. If it therefore reads until
 * {@code EAGAIN}, as epoll(7) advises, one client that sends fast starves all others. Here each
 * connection records what was reported until a call shows that it is no longer true, and the loop
 * keeps a queue of connections that can proceed. Each gets one bounded turn and goes to the end of
 * the queue; while the queue is not empty, {@code epoll_wait} only polls. In other words, the loop
 * derives level-triggering from edges, so this page is longer than {@link EpollServer}.
 *
 * <p>If a call transfers less than it could, the socket is no longer ready: no {@code EAGAIN} is
 * needed. There is one exception. A read may end before a FIN or urgent data, which may have been
 * reported together with the bytes before it: after {@code EPOLLRDHUP} or {@code EPOLLPRI}, the
 * loop reads until a read returns nothing. The listening socket and the UDP socket are
 * level-triggered, since edges would save nothing there.
 *
 * <p>The loop has one buffer for input and one for output, outside the Java heap, where system
 * calls can reach them. A connection keeps a copy only of bytes that have not been consumed or
 * sent.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3; TCP and UDP in one loop are section 8.15. {@code epoll} is younger than the book: see
 * epoll(7).
 */
final class EpollEdgeServer implements Server {

  static final String NAME = "linux-epoll-edge";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int MAX_EVENTS = 256;

  /** The interest set of every connection. It never changes. */
  private static final int INTEREST = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

  /** Events after which a write returns at once; after an error it fails at once. */
  private static final int WRITABLE = EPOLLOUT | EPOLLHUP | EPOLLERR;

  /** Maximum number of accepts in one turn, so that connections are not delayed. */
  private static final int MAX_ACCEPTS = 64;

  /** Timeout of the wait while there is a deadline, and the interval between idle checks. */
  private static final int TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private int epoll = NONE;
  private final EventFd wakeUp = new EventFd();
  private final Listener listener = new Listener();
  private final UdpSocket datagrams = new UdpSocket();
  private final ConnectionTable<Connection> connections = new ConnectionTable<>();

  /** The argument of {@code epoll_ctl}, and the results of {@code epoll_wait}. */
  private final MemorySegment event = EpollEvent.array(1, Arena.ofAuto());

  private final MemorySegment events = EpollEvent.array(MAX_EVENTS, Arena.ofAuto());
  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();

  /** Connections that can proceed, in the order in which they became ready. */
  private final Queue<Connection> ready = new ArrayDeque<>();

  /** Close connections that have waited for the client's FIN for longer than the linger limit. */
  private final Timeouts lingering;

  private volatile boolean stopping;

  EpollEdgeServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    lingering = new Timeouts(config.linger());
    try {
      address = listener.bind(config);
      datagrams.bind(config, service, address);
      epoll = check("epoll_create1", Libc.epollCreate1(Libc.EPOLL_CLOEXEC));
      watch(EPOLL_CTL_ADD, wakeUp.fd(), EPOLLIN);
      watch(EPOLL_CTL_ADD, listener.fd(), EPOLLIN);
      if (datagrams.isOpen()) {
        watch(EPOLL_CTL_ADD, datagrams.fd(), EPOLLIN);
      }
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void watch(int operation, int fd, int interest) throws IOException {
    EpollEvent.set(event, 0, fd, interest);
    check("epoll_ctl", Libc.epollCtl(epoll, operation, fd, event));
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
    int timeout = !ready.isEmpty() ? 0 : timed ? TICK_MILLIS : -1;
    int count = checkWait("epoll_wait", Libc.epollWait(epoll, events, MAX_EVENTS, timeout));
    for (int i = 0; i < count; i++) {
      take(EpollEvent.fd(events, i), EpollEvent.events(events, i));
    }
    for (int turns = ready.size(); turns > 0; turns--) {
      ready.remove().run();
    }
    if (listener.resumeIfDue()) {
      watch(EPOLL_CTL_MOD, listener.fd(), EPOLLIN);
    }
    lingering.runDue();
  }

  private void take(int fd, int reported) throws IOException {
    Connection connection = connections.get(fd);
    if (connection != null) {
      connection.take(reported);
    } else if (fd == listener.fd()) {
      accept(MAX_ACCEPTS);
    } else if (fd == datagrams.fd()) {
      datagrams.answer();
    } // Else it is wakeUp, or a closed connection whose descriptor a child process still holds.
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int max) throws IOException {
    for (int i = 0, fd; i < max && (fd = listener.accept()) != NONE; i++) {
      try {
        new Connection(fd);
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "Cannot set up a connection.", e);
        connections.remove(fd);
        Libc.close(fd);
      }
    }
    if (listener.isPaused()) {
      watch(EPOLL_CTL_MOD, listener.fd(), 0);
    }
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

    /** Readiness as reported, until a call shows that it is no longer true. */
    private boolean readable;

    private boolean writable;

    /** Whether FIN or urgent data has been reported: read until a read returns nothing. */
    private boolean reportedEnd;

    private boolean isQueued;
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input that the session has not consumed. */
    private ByteBuffer unread = Buffers.EMPTY;

    /** Output that has not been sent. */
    private ByteBuffer unsent = Buffers.EMPTY;

    private boolean activeSinceCheck = true;

    Connection(int fd) throws IOException {
      this.fd = fd;
      connections.put(fd, this);
      session = service.open();
      watch(EPOLL_CTL_ADD, fd, INTEREST);
    }

    void take(int reported) {
      readable |= (reported & ~EPOLLOUT) != 0;
      writable |= (reported & WRITABLE) != 0;
      reportedEnd |= (reported & (EPOLLRDHUP | EPOLLPRI)) != 0;
      enqueueIfReady();
    }

    private void enqueueIfReady() {
      if (!isQueued && (state == State.WRITING ? writable : readable)) {
        isQueued = ready.add(this);
      }
    }

    /** Makes at most one read and two writes, so that no connection delays the others for long. */
    void run() {
      isQueued = false;
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
      readable = count == in.bytes().capacity() || (count > 0 && reportedEnd);
      activeSinceCheck = true;
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
        Libc.close(fd); // Also removes it from the epoll set.
        listener.descriptorFreed();
      }
    }
  }

  @Override
  public void close() {
    stopping = true;
    wakeUp.signal();
    terminated.handle((_, _) -> null).join();
  }

  /** Serves the connected clients until each has been answered and is silent. */
  private void drain() throws IOException {
    accept(config.backlog() + 1); // Closing the listener would reset the backlog.
    wakeUp.close();
    listener.close();
    datagrams.close();
    Deadline end = Deadline.in(config.gracePeriod());
    Ticks idleChecks = new Ticks(Duration.ofMillis(TICK_MILLIS));
    while (!connections.isEmpty() && !end.isOver()) {
      await();
      if (idleChecks.isDue()) {
        connections.forEach(Connection::endInputIfIdle);
      }
    }
  }

  private void closeAll() {
    wakeUp.close();
    listener.close();
    datagrams.close();
    connections.forEach(Connection::close);
    Libc.close(epoll);
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
