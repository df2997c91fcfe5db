package iomodels.linux;

import static iomodels.linux.Buffers.EMPTY;
import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.ECANCELED;
import static iomodels.linux.Errno.ENOBUFS;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;

import iomodels.linux.BufferPool.Buffer;
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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Single-threaded proactor on {@code io_uring}. One thread submits operations to the kernel
 * (accept, receive, send) and takes their completions. It waits only in {@code io_uring_enter}; the
 * same call submits all operations requested since the last call. So one call serves all clients
 * that have sent something, while a reactor makes two further calls for each of them.
 *
 * <p>Unlike in a reactor, operations stay pending until they complete. One accept operation
 * completes for every connection (<em>multishot</em>). A connection requests input only after its
 * output has been sent: this is back-pressure. When input arrives, the kernel takes a buffer from a
 * shared group, so an idle connection has no buffer. The kernel owns an output buffer until the
 * send has completed. If a descriptor is closed while an operation is pending, the socket stays
 * open until the operation completes. So all operations are cancelled first, and after the last
 * completion the descriptor is closed. (These cancellations make the page a line longer than its
 * aim.)
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.5; the book says that few systems support it. The pattern is D. C. Schmidt's <i>Proactor</i>.
 * See io_uring(7).
 */
final class IoUringServer implements Server {

  static final String NAME = "linux-io-uring";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int REPLY_SIZE = 64 * 1024;
  private static final int INPUT_SIZE = 32 * 1024;

  /** Timeout of the wait while there is a deadline, and the interval between idle checks. */
  private static final int TICK_MILLIS = 50;

  /** Operations: the upper half of a tag. The lower half is the descriptor. */
  private static final int WAKE_UP = 1;

  private static final int ACCEPT = 2;
  private static final int RECEIVE = 3;
  private static final int SEND = 4;
  private static final int RECEIVE_DATAGRAM = 5;
  private static final int SEND_DATAGRAM = 6;
  private static final int OTHER = 7;

  /**
   * Capacities; tests use small ones.
   *
   * @param operations the capacity of the submission queue
   * @param completions the capacity of the completion queue
   * @param inputBuffers the number of buffers in the group for input
   */
  record Sizes(int operations, int completions, int inputBuffers) {

    static final Sizes USUAL = new Sizes(1024, 4096, 1024);
  }

  private final ServerConfig config;
  private final Service service;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final EventFd wakeUp = new EventFd();
  private final Ring ring;
  private final Ring.Buffers inputs;
  private final BufferPool replies;
  private final Listener listener = new Listener();
  private final RingUdpSocket datagrams;
  private final ConnectionTable<Connection> connections = new ConnectionTable<>();

  /** Whether the accept operation has been submitted and has not ended. */
  private boolean accepting;

  /** Close connections that have waited for the client's FIN for longer than the linger limit. */
  private final Timeouts lingering;

  private volatile boolean stopping;

  IoUringServer(ServerConfig config, Service service) throws IOException {
    this(config, service, Sizes.USUAL);
  }

  IoUringServer(ServerConfig config, Service service, Sizes sizes) throws IOException {
    this.config = config;
    this.service = service;
    lingering = new Timeouts(config.linger());
    try {
      ring = new Ring(sizes.operations, sizes.completions);
    } catch (IOException e) {
      wakeUp.close();
      throw e;
    }
    replies = new BufferPool(ring, REPLY_SIZE);
    datagrams = new RingUdpSocket(ring, replies, tag(RECEIVE_DATAGRAM, 0), tag(SEND_DATAGRAM, 0));
    try {
      inputs = new Ring.Buffers(ring, 0, sizes.inputBuffers, INPUT_SIZE);
      address = listener.bind(config);
      Sockets.setBlocking(listener.fd());
      datagrams.bind(config, service, address);
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void run() throws IOException {
    try {
      ring.enable();
      ring.poll(wakeUp.fd(), Libc.POLLIN, tag(WAKE_UP, wakeUp.fd()));
      while (!stopping) {
        await();
      }
      drain();
    } finally {
      closeAll();
    }
  }

  private static long tag(int operation, int fd) {
    return ((long) operation << Integer.SIZE) | fd;
  }

  // tag::wait[]
  private void await() throws IOException {
    if (!stopping) {
      request();
    }
    boolean timed = stopping || listener.isPaused() || !lingering.isEmpty();
    ring.await(timed ? TICK_MILLIS : Ring.FOREVER);
    while (ring.next()) {
      complete((int) (ring.tag() >>> Integer.SIZE), (int) ring.tag());
    }
    listener.resumeIfDue();
    lingering.runDue();
  }

  /**
   * Submits multishot operations again that have ended for lack of descriptors, buffers or space.
   */
  private void request() {
    if (!accepting && !listener.isPaused()) {
      ring.accept(listener.fd(), tag(ACCEPT, listener.fd()));
      accepting = true;
    }
    if (datagrams.isOpen() && !datagrams.isReceiving()) {
      datagrams.receive();
    }
  }

  private void complete(int operation, int fd) {
    switch (operation) {
      case ACCEPT -> accepted(ring.result());
      case RECEIVE, SEND -> connection(fd).completed(operation, ring.result());
      case RECEIVE_DATAGRAM -> datagrams.received();
      case SEND_DATAGRAM -> datagrams.sent(fd);
      default -> {} // The loop was woken, or there was nothing to cancel.
    }
  }

  /** Never returns null: a descriptor is closed only when all its operations have completed. */
  private Connection connection(int fd) {
    return Objects.requireNonNull(connections.get(fd));
  }

  // end::wait[]

  // tag::accept[]
  private void accepted(int fd) {
    accepting = ring.more();
    if (fd >= 0) {
      welcome(fd);
    } else if (fd != -ECANCELED && !Errno.isOfOneConnection(fd)) {
      listener.pause();
    }
  }

  private void welcome(int fd) {
    try {
      new Connection(fd).receive();
    } catch (RuntimeException e) {
      LOG.log(WARNING, "Cannot set up a connection.", e);
      connections.remove(fd);
      Libc.close(fd);
    }
  }

  // end::accept[]

  private enum State {
    /** Alternates between receiving input and sending replies. */
    CONVERSING,
    /** Has sent all replies and FIN; discards input until the client's FIN or the linger limit. */
    DISCARDING,
    /** Waits until its operations have been cancelled; then its descriptor is closed. */
    CLOSING
  }

  /** The state of a connection, which a blocking thread would keep on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session;
    private State state = State.CONVERSING;

    /** Whether a receive has been submitted and has not completed. */
    private boolean receiving;

    /** Whether a send has been submitted and has not completed. */
    private boolean sending;

    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input that the session has not consumed. */
    private ByteBuffer unread = EMPTY;

    /** Output that has not been sent. */
    private @Nullable Buffer unsent;

    private boolean activeSinceCheck = true;

    Connection(int fd) {
      this.fd = fd;
      connections.put(fd, this);
      session = service.open();
    }

    /** Handles the result of an operation, then submits the next one. */
    void completed(int operation, int result) {
      try {
        switch (operation) {
          case RECEIVE -> received(result);
          case SEND -> sent(result);
          default -> {}
        }
        proceed();
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        close();
      }
    }

    private void proceed() {
      switch (state) {
        case CONVERSING -> converse();
        case DISCARDING -> discard();
        case CLOSING -> close();
      }
    }

    // tag::converse[]
    private void receive() {
      ring.receive(fd, inputs, tag(RECEIVE, fd));
      receiving = true;
    }

    private void received(int count) {
      receiving = false;
      if (count > 0) {
        activeSinceCheck = true;
        take(ring.buffer(), count);
      } else if (count != -ENOBUFS && count != -ECANCELED) {
        endOfInput = true;
        state = count < 0 ? State.CLOSING : state; // The client has reset the connection.
      }
    }

    /** Passes the input to the session at once, since other connections need the buffer. */
    private void take(int buffer, int count) {
      try {
        if (state == State.CONVERSING && !endOfInput) {
          advance(inputs.bytes(buffer, count));
        }
      } finally {
        inputs.giveBack(buffer);
      }
    }

    private void advance(ByteBuffer input) {
      unsent = replies.borrow();
      progress = session.advance(input, unsent.bytes(), endOfInput);
      unread = retainRemainder(input);
      if (!unsent.bytes().flip().hasRemaining()) {
        releaseUnsent();
      }
    }

    private void converse() {
      if (sending) {
        return;
      }
      if (unsent == null && (progress == Progress.OVERFLOW || endOfInput)) {
        advance(unread);
      }
      if (unsent != null) {
        send(unsent);
      } else if (progress == Progress.FINISHED) {
        shutdownOutput();
      } else if (!receiving) { // Not while there is output to send: this is back-pressure.
        receive();
      }
    }

    private void send(Buffer buffer) {
      ByteBuffer bytes = buffer.bytes();
      ring.send(fd, buffer.address() + bytes.position(), bytes.remaining(), tag(SEND, fd));
      sending = true;
    }

    private void sent(int count) {
      sending = false;
      ByteBuffer bytes = Objects.requireNonNull(unsent).bytes();
      bytes.position(bytes.position() + Math.max(count, 0));
      if (!bytes.hasRemaining()) {
        releaseUnsent();
      }
      state = count < 0 ? State.CLOSING : state;
    }

    private void releaseUnsent() {
      if (unsent != null) {
        replies.giveBack(unsent);
        unsent = null;
      }
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() {
      unread = EMPTY; // The session has finished.
      if (endOfInput) {
        close();
      } else {
        Libc.shutdown(fd, Libc.SHUT_WR);
        lingering.add(this::close);
        state = State.DISCARDING;
        discard();
      }
    }

    /**
     * Discards input: closing with unread input would send RST, which can destroy the last reply.
     */
    private void discard() {
      if (endOfInput) {
        close();
      } else if (!receiving) {
        receive();
      }
    }

    /**
     * While the server stops, ends the input of a client that has been silent for a tick. If all
     * input were ended at once, data in the clients' send buffers would be lost.
     */
    private void endInputIfIdle() {
      boolean isWaiting = progress == Progress.UNDERFLOW && unsent == null;
      if (state == State.CONVERSING && isWaiting && !activeSinceCheck) {
        endOfInput = true;
        completed(OTHER, 0);
      }
      activeSinceCheck = !isWaiting; // While it writes, it does not read.
    }

    private void close() {
      state = State.CLOSING;
      if (receiving || sending) {
        ring.cancelAll(fd, tag(OTHER, fd)); // The last completion calls close() again.
      } else if (connections.remove(fd, this)) {
        releaseUnsent();
        ring.close(fd, tag(OTHER, fd));
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
    ring.cancelAll(listener.fd(), tag(OTHER, listener.fd()));
    if (datagrams.isOpen()) {
      ring.cancelAll(datagrams.fd(), tag(OTHER, datagrams.fd()));
    }
    while (accepting || datagrams.isReceiving()) {
      await();
    }
    acceptBacklog();
    ring.submit(); // Replies to datagrams use the descriptor that is closed next.
    listener.close(); // No operation holds the socket, so this frees the port.
    datagrams.close();
    Deadline end = Deadline.in(config.gracePeriod());
    Ticks idleChecks = new Ticks(Duration.ofMillis(TICK_MILLIS));
    while (!connections.isEmpty() && !end.isOver()) {
      await();
      if (idleChecks.isDue()) {
        connections.forEach(Connection::endInputIfIdle);
      }
    }
    connections.forEach(Connection::close);
    while (!connections.isEmpty()) {
      await(); // Cancelled operations complete, and the connections are closed.
    }
    ring.submit();
  }

  /** Accepts the connections in the backlog, which closing the listener would reset. */
  private void acceptBacklog() {
    Libc.fcntl(listener.fd(), Libc.F_SETFL, Libc.O_NONBLOCK);
    for (int i = 0, fd; i <= config.backlog() && (fd = listener.accept()) != NONE; i++) {
      welcome(Sockets.setBlocking(fd));
    }
  }

  private void closeAll() {
    listener.close();
    datagrams.close();
    connections.forEach(it -> Libc.close(it.fd));
    wakeUp.close();
    ring.close();
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
