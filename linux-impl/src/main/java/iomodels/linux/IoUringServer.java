package iomodels.linux;

import static iomodels.linux.Errno.ECANCELED;
import static iomodels.linux.Errno.ENOBUFS;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.linux.BufferPool.Buffer;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A Proactor on {@code io_uring}: one thread, which asks the kernel to accept, to receive and to
 * send, and is told when that <em>has been done</em>. It waits in {@code io_uring_enter}, nowhere
 * else; the same call hands over everything that was asked for since the last one, so that it is
 * the only one, however many clients have spoken. A thread that waits for readiness makes two calls
 * more for each of them.
 *
 * <p>Some things that a Reactor never meets follow from that. What is asked for stays asked for: a
 * listener is told once to accept, and that completes again and again (<em>multishot</em>). A
 * connection asks for input once it has sent what it owes, and not before: that is back-pressure.
 * The kernel takes a buffer when input comes, out of those provided for all; so an idle connection
 * has none. A buffer that is being sent belongs to the kernel until the send has completed. And a
 * descriptor that is closed with an operation pending would stay open until that completes: first
 * all of them are cancelled, and the last to complete closes it.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.5, of which the book says that few systems have it. The pattern is D. C. Schmidt's
 * <i>Proactor</i>.
 */
final class IoUringServer implements Server {

  static final String NAME = "linux-io-uring";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private static final int REPLY_SIZE = 64 * 1024;
  private static final int INPUT_SIZE = 32 * 1024;
  private static final int DATAGRAM_SIZE = 68 * 1024;
  private static final int DATAGRAM_BUFFERS = 16;

  /**
   * How often the loop looks at the time while there is a time to look out for. While the server
   * stops, a client that says nothing for that long has nothing more to say.
   */
  private static final long TICK_MILLIS = 50;

  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  /** What has completed: the upper half of a tag; the lower half says for which descriptor. */
  private static final int WAKE_UP = 1;

  private static final int ACCEPT = 2;
  private static final int RECEIVE = 3;
  private static final int SEND = 4;
  private static final int RECEIVE_DATAGRAM = 5;
  private static final int SEND_DATAGRAM = 6;
  private static final int OTHER = 7;

  /** How large the ring is, and how much input fits into it: small ones are for tests. */
  record Sizes(int operations, int completions, int inputBuffers) {

    static final Sizes USUAL = new Sizes(1024, 4096, 1024);
  }

  private final ServerConfig config;
  private final Service service;
  private final Optional<Responder> responder;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final EventFd wakeUp = new EventFd();
  private final Ring ring;
  private final Ring.Buffers inputs;
  private final BufferPool replies;
  private final Ring.Buffers datagramInputs;
  private final MsgHdr datagramHeader = new MsgHdr();

  private int listener = NONE;
  private int datagrams = NONE;

  /** Whether these have been asked for, and have not come to their end. */
  private boolean accepting;

  private boolean answering;

  /** By descriptor, which the kernel gives out from the lowest. */
  private @Nullable Connection[] connections = new Connection[64];

  private int open;

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  /** Whether descriptors have run out, and when to try again: at once if one becomes free. */
  private boolean acceptPaused;

  private long acceptResumeAt;

  private volatile boolean stopping;

  IoUringServer(ServerConfig config, Service service) throws IOException {
    this(config, service, Sizes.USUAL);
  }

  IoUringServer(ServerConfig config, Service service, Sizes sizes) throws IOException {
    this.config = config;
    this.service = service;
    this.responder = config.datagrams() ? service.datagrams() : Optional.empty();
    try {
      ring = new Ring(sizes.operations, sizes.completions);
    } catch (IOException e) {
      wakeUp.close();
      throw e;
    }
    try {
      inputs = new Ring.Buffers(ring, 0, sizes.inputBuffers, INPUT_SIZE);
      datagramInputs = new Ring.Buffers(ring, 1, DATAGRAM_BUFFERS, DATAGRAM_SIZE);
      replies = new BufferPool(ring, REPLY_SIZE);
      listener = setBlocking(Sockets.listen(config.address(), config.backlog()));
      address = Sockets.address(listener);
      if (responder.isPresent()) {
        datagrams = setBlocking(Sockets.datagrams(address));
      }
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  /** To the ring, non-blocking means to fail at once; here it is to wait, and nobody else does. */
  private static int setBlocking(int fd) {
    Libc.fcntl(fd, Libc.F_SETFL, 0);
    return fd;
  }

  private void run() {
    try {
      ring.enable();
      ring.poll(wakeUp.fd(), Libc.POLLIN, tag(WAKE_UP, wakeUp.fd()));
      while (!stopping) {
        await();
      }
      drain();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      closeAll();
    }
  }

  private static long tag(int operation, int fd) {
    return ((long) operation << Integer.SIZE) | fd;
  }

  // tag::wait[]
  private void await() throws IOException {
    boolean timed = acceptPaused || stopping || !lingering.isEmpty();
    ask();
    ring.await(timed ? TICK_MILLIS : Ring.FOREVER);
    while (ring.next()) {
      complete((int) (ring.tag() >>> Integer.SIZE), (int) ring.tag());
    }
    if (timed) {
      long now = System.nanoTime();
      acceptPaused &= acceptResumeAt - now > 0;
      while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
        lingering.remove().close();
      }
    }
  }

  /** What goes on of itself may have come to an end: no descriptors, no buffers, no room. */
  private void ask() {
    if (!accepting && !acceptPaused && !stopping) {
      ring.accept(listener, tag(ACCEPT, listener));
      accepting = true;
    }
    if (!answering && datagrams != NONE && !stopping) {
      ring.receiveDatagrams(
          datagrams, datagramHeader, datagramInputs, tag(RECEIVE_DATAGRAM, datagrams));
      answering = true;
    }
  }

  private void complete(int operation, int fd) {
    switch (operation) {
      case ACCEPT -> accept(ring.result());
      case RECEIVE -> connection(fd).received(ring.result());
      case SEND -> connection(fd).sent(ring.result());
      case RECEIVE_DATAGRAM -> answer(ring.result());
      case SEND_DATAGRAM -> replies.giveBack(replies.lent(fd)); // Not sent? Some may be lost.
      default -> {} // Woken up, or cancelled what had just completed.
    }
  }

  // end::wait[]

  /** It is there: a descriptor is closed only when all of its operations have completed. */
  private Connection connection(int fd) {
    return Objects.requireNonNull(connections[fd]);
  }

  // tag::accept[]
  private void accept(int fd) {
    accepting = ring.more();
    if (fd >= 0) {
      welcome(fd);
    } else if (fd != -ECANCELED && !Errno.isOfOneConnection(fd)) {
      acceptPaused = true; // Out of descriptors: neither die nor spin, and serve the others.
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
    }
  }

  private void welcome(int fd) {
    try {
      new Connection(fd).receive();
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A client was turned away.", e);
      turnAway(fd);
    } catch (Error e) {
      turnAway(fd);
      throw e;
    }
  }

  /** Forgotten too, or else its descriptor, then perhaps another's, would be closed again. */
  private void turnAway(int fd) {
    if (fd < connections.length && connections[fd] != null) {
      connections[fd] = null;
      open--;
    }
    Libc.close(fd);
  }

  // end::accept[]

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session = service.open();

    /** What the kernel has been asked for, and has not completed. */
    private boolean receiving;

    private boolean sending;

    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input not taken yet, and output not sent yet: while it is sent, the kernel's. */
    private ByteBuffer unread = NOTHING;

    private @Nullable Buffer unsent;

    private boolean outputShutdown;
    private boolean closing;
    private long deadline;

    /** Whether input has arrived since the last idle check. */
    private boolean activeSinceCheck = true;

    Connection(int fd) {
      this.fd = fd;
      if (fd >= connections.length) {
        connections = Arrays.copyOf(connections, 2 * fd);
      }
      connections[fd] = this;
      open++;
    }

    void run() {
      try {
        if (!closing && !outputShutdown) {
          converse();
        }
        if (closing || (outputShutdown && endOfInput)) {
          close();
        } else if (!receiving && !endOfInput && !isOwed()) {
          receive();
        }
      } catch (RuntimeException e) {
        fail(e);
      }
    }

    // tag::converse[]
    /** One turn, after what was asked for has been done: what is to be asked for next? */
    private void converse() {
      if (sending) {
        return;
      }
      if (unsent == null && (progress == Progress.OVERFLOW || endOfInput)) {
        advance(unread);
      }
      if (unsent != null) {
        unsent.bytes().flip();
        send(unsent);
      } else if (progress == Progress.FINISHED) {
        shutdownOutput();
      }
    }

    /** Not to receive while it is owed something is back-pressure. */
    private boolean isOwed() {
      return progress == Progress.OVERFLOW || unsent != null;
    }

    private void receive() {
      ring.receive(fd, inputs, tag(RECEIVE, fd));
      receiving = true;
    }

    /** Input has come, or its end; the buffer is needed by others, so the session looks at once. */
    void received(int count) {
      receiving = false;
      if (count > 0) {
        activeSinceCheck = true;
        try {
          take(inputs.bytes(ring.buffer(), count));
        } catch (RuntimeException e) {
          fail(e);
        }
        inputs.giveBack(ring.buffer());
      } else if (count != -ENOBUFS && count != -ECANCELED) {
        endOfInput = true;
        closing |= count < 0; // The peer has gone: that costs only its connection.
      }
      run();
    }

    private void take(ByteBuffer input) {
      if (!closing && !outputShutdown && !endOfInput) {
        advance(input);
        unread =
            input.hasRemaining()
                ? ByteBuffer.allocate(input.remaining()).put(input).flip()
                : NOTHING;
      }
    }

    private void advance(ByteBuffer input) {
      unsent = replies.borrow();
      progress = session.advance(input, unsent.bytes(), endOfInput);
      if (unsent.bytes().position() == 0) {
        forgetUnsent();
      }
    }

    private void send(Buffer buffer) {
      ByteBuffer bytes = buffer.bytes();
      ring.send(fd, buffer.address() + bytes.position(), bytes.remaining(), tag(SEND, fd));
      sending = true;
    }

    void sent(int count) {
      sending = false;
      Buffer buffer = Objects.requireNonNull(unsent);
      ByteBuffer bytes = buffer.bytes();
      bytes.position(bytes.position() + Math.max(count, 0));
      closing |= count < 0;
      if (closing || !bytes.hasRemaining()) {
        forgetUnsent();
        run();
      } else {
        send(buffer);
      }
    }

    private void forgetUnsent() {
      if (unsent != null) {
        replies.giveBack(unsent);
        unsent = null;
      }
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() {
      outputShutdown = true;
      if (!endOfInput) { // To close with input unread would send RST, and the last reply be lost.
        Libc.shutdown(fd, Libc.SHUT_WR);
        deadline = System.nanoTime() + config.linger().toNanos();
        lingering.add(this);
      }
    }

    private void fail(RuntimeException e) {
      LOG.log(WARNING, "A session failed.", e);
      close();
    }

    /**
     * While the server stops: what is quiet is taken for having ended its input. What lingers stays
     * until its deadline, since the last reply may still be on its way.
     */
    private void closeIfIdle() {
      if (!activeSinceCheck && progress == Progress.UNDERFLOW && !isOwed()) {
        endOfInput = true;
        run();
      }
      activeSinceCheck = false;
    }

    /** Once only: the next client may be given the same descriptor. */
    private void close() {
      closing = true;
      if (connections[fd] != this) {
        return;
      }
      if (receiving || sending) {
        ring.cancelAll(fd, tag(OTHER, fd)); // The last one to complete comes back here.
      } else {
        connections[fd] = null;
        open--;
        forgetUnsent();
        ring.close(fd, tag(OTHER, fd));
        acceptPaused = false; // If descriptors have run out, there is one now.
      }
    }
  }

  @Override
  public void close() {
    stopping = true;
    wakeUp.signal();
    terminated.handle((_, _) -> null).join();
  }

  /** Serves on until every client has nothing more to say and is owed nothing. */
  private void drain() throws IOException {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    long nextLook = System.nanoTime();
    ring.cancelAll(listener, tag(OTHER, listener));
    if (datagrams != NONE) {
      ring.cancelAll(datagrams, tag(OTHER, datagrams));
    }
    while (accepting || answering) {
      await();
    }
    acceptAll();
    ring.submit(); // Replies to datagrams name the descriptor that is closed now.
    stopListening(); // Nothing holds them any more, so that the port is free from now on.
    while (open > 0 && System.nanoTime() - deadline < 0) {
      await();
      if (System.nanoTime() - nextLook >= 0) {
        nextLook = System.nanoTime() + MILLISECONDS.toNanos(TICK_MILLIS);
        for (Connection connection : connections) {
          if (connection != null) {
            connection.closeIfIdle();
          }
        }
      }
    }
    for (Connection connection : connections) {
      if (connection != null) {
        connection.close();
      }
    }
    while (open > 0) {
      await(); // What was cancelled completes, and then is closed.
    }
    ring.submit();
  }

  /** To close the listener resets those that wait in its queue. */
  private void acceptAll() {
    Libc.fcntl(listener, Libc.F_SETFL, Libc.O_NONBLOCK);
    try {
      for (int i = 0; i <= config.backlog(); i++) {
        int fd = Sockets.accept(listener);
        if (fd == NONE) {
          return;
        }
        welcome(setBlocking(fd));
      }
    } catch (IOException e) {
      LOG.log(WARNING, "Clients were not accepted.", e);
    }
  }

  private void stopListening() {
    Libc.close(listener);
    Libc.close(datagrams);
    listener = NONE;
    datagrams = NONE;
  }

  private void closeAll() {
    stopListening();
    for (Connection connection : connections) {
      if (connection != null) {
        Libc.close(connection.fd);
      }
    }
    wakeUp.close();
    ring.close();
  }

  // end::close[]

  private void answer(int count) {
    answering = ring.more();
    if (count < 0) {
      return; // No buffer was left, or the server stops.
    }
    int number = ring.buffer();
    ByteBuffer datagram = datagramInputs.bytes(number, count);
    Buffer reply;
    try {
      reply = replies.borrow();
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A datagram was not answered.", e);
      datagramInputs.giveBack(number);
      return;
    }
    try {
      Datagram.address(reply.header(), datagram);
      responder.orElseThrow().reply(Datagram.payload(datagram), reply.bytes());
      reply.header().buffer(reply.address(), reply.bytes().position());
      ring.sendDatagram(datagrams, reply.header(), tag(SEND_DATAGRAM, reply.number()));
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A responder failed.", e);
      replies.giveBack(reply);
    }
    datagramInputs.giveBack(number);
  }

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
