package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.checkWait;
import static iomodels.linux.FdSet.FD_SETSIZE;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;
import static java.lang.foreign.MemorySegment.NULL;

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
import java.util.concurrent.CompletableFuture;

/**
 * Single-threaded reactor on {@code select}, the oldest call of its kind. One thread waits, only in
 * {@code select}, for the listening socket, the UDP socket and all connections.
 *
 * <p>Each call passes two sets of descriptors to the kernel, one bit for each descriptor: those to
 * read from, and those to write to. {@code select} overwrites the sets with the ready descriptors,
 * so each call gets copies. The kernel and the loop both scan all bits in each iteration.
 *
 * <p>A set has {@code FD_SETSIZE} bits, 1,024, for all descriptors of the process. If a client's
 * descriptor has no bit, the server accepts the connection, closes it, and counts it in a warning.
 * If the connection stayed in the backlog, the client would believe that the server hangs. In C,
 * the macro {@code FD_SET} would write past the end of the set. (This refusal makes the page a few
 * lines longer than its aim.)
 *
 * <p>Level-triggered: a socket is reported as long as it is ready. So a turn may leave input
 * unread; it does not have to read until {@code EAGAIN}.
 *
 * <p>The loop has one buffer for input and one for output, outside the Java heap, where system
 * calls can reach them. A connection keeps a copy only of bytes that have not been consumed or
 * sent.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: {@code select} is section 6.3, a
 * server with it 6.8; the model is section 6.2, figure 6.3; TCP and UDP in one loop are section
 * 8.15. See select(2).
 */
final class SelectServer implements Server {

  static final String NAME = "linux-select";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** Maximum number of accepts in one turn, so that connections are not delayed. */
  private static final int MAX_ACCEPTS = 64;

  /** Timeout of the wait while there is a deadline, and the interval between idle checks. */
  private static final int TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final EventFd wakeUp = new EventFd();
  private final Listener listener = new Listener();
  private final UdpSocket datagrams = new UdpSocket();
  private final ConnectionTable<Connection> connections = new ConnectionTable<>();

  /** The arguments of {@code select}: all descriptors, and the timeout. */
  private final FdSets sets = new FdSets();

  private final TimeVal timeVal = new TimeVal(Arena.ofAuto());
  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();

  private final RareWarning refusals = new RareWarning(LOG, "Clients refused, FD_SETSIZE reached");

  /** Close connections that have waited for the client's FIN for longer than the linger limit. */
  private final Timeouts lingering;

  private volatile boolean stopping;

  SelectServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    lingering = new Timeouts(config.linger());
    try {
      address = listener.bind(config);
      datagrams.bind(config, service, address);
      sets.add(wakeUp.fd());
      sets.add(listener.fd());
      if (datagrams.isOpen()) {
        sets.add(datagrams.fd());
      }
      terminated = Threads.start(NAME + "-loop", this::run);
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
    int timeout = stopping || listener.isPaused() || !lingering.isEmpty() ? TICK_MILLIS : -1;
    MemorySegment time = timeVal.ofMillis(timeout);
    int result = Libc.select(FD_SETSIZE, sets.readable(), sets.writable(), NULL, time);
    int ready = checkWait("select", result);
    for (int i = 0; i < FdSet.WORDS && ready > 0; i++) {
      for (long bits = sets.ready(i); bits != 0; bits &= bits - 1) {
        turn(i * Long.SIZE + Long.numberOfTrailingZeros(bits)); // Takes and clears the lowest bit.
      }
    }
    if (listener.resumeIfDue()) {
      sets.watch(listener.fd(), false);
    }
    lingering.runDue();
  }

  private void turn(int fd) {
    Connection connection = connections.get(fd);
    if (connection != null) {
      connection.run();
    } else if (fd == listener.fd()) {
      accept(MAX_ACCEPTS);
    } else if (fd == datagrams.fd()) {
      datagrams.answer();
    } // Else it is wakeUp, which only ends the wait.
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int max) {
    for (int i = 0, fd; i < max && (fd = listener.accept()) != NONE; i++) {
      if (!FdSets.hasBit(fd)) {
        Libc.close(fd);
        refusals.log();
        continue;
      }
      try {
        new Connection(fd);
      } catch (RuntimeException e) {
        LOG.log(WARNING, "Cannot set up a connection.", e);
        connections.remove(fd);
        Libc.close(fd);
      }
    }
    if (listener.isPaused()) {
      sets.remove(listener.fd());
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
  private final class Connection {

    private final int fd;
    private final Session session;
    private State state = State.READING;
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
      sets.watch(fd, false);
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
        close(); // The client has reset the connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        close();
      }
    }

    // tag::converse[]
    private void read() throws IOException {
      endOfInput |= in.recv(fd) < 0;
      activeSinceCheck = true;
      advance(in.bytes());
    }

    private void advance(ByteBuffer input) throws IOException {
      progress = session.advance(input, out.bytes().clear(), endOfInput);
      unread = retainRemainder(input);
      unsent = out.send(fd, out.bytes().flip());
      proceed();
    }

    private void write() throws IOException {
      unsent = out.send(fd, unsent);
      if (progress == Progress.OVERFLOW && !unsent.hasRemaining()) {
        advance(unread);
      } else {
        proceed();
      }
    }

    private void proceed() {
      boolean hasOutput = unsent.hasRemaining() || progress == Progress.OVERFLOW;
      if (progress == Progress.FINISHED && !hasOutput) {
        shutdownOutput();
      } else {
        enter(hasOutput ? State.WRITING : State.READING);
      }
    }

    private void enter(State next) {
      state = next;
      sets.watch(fd, next == State.WRITING);
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() {
      Libc.shutdown(fd, Libc.SHUT_WR);
      if (endOfInput) {
        close();
      } else {
        lingering.add(this::close);
        enter(State.DISCARDING);
      }
    }

    /**
     * Discards input: closing with unread input would send RST, which can destroy the last reply.
     */
    private void discard() throws IOException {
      if (in.recv(fd) < 0) {
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
        sets.remove(fd); // Otherwise the next select fails with EBADF.
        Libc.close(fd);
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
    sets.remove(wakeUp.fd());
    sets.remove(listener.fd());
    sets.remove(datagrams.fd());
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
