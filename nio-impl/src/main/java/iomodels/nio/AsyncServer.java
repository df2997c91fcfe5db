package iomodels.nio;

import static iomodels.nio.Network.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import iomodels.time.Deadline;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Proactor: a connection requests a read and hands over a buffer; when its completion handler is
 * called, the bytes are in the buffer. The channel group waits and copies. On Linux the JDK
 * emulates this on top of readiness: the threads of the group wait in {@code epoll_wait}, read, and
 * call the handler. A message costs a failed read and an {@code epoll_ctl} more than with a
 * selector. (Real completion on Linux is io_uring.)
 *
 * <p>The group has one thread here, so no two handlers run at the same time, and nothing in a
 * connection needs a lock. If there is input already, a handler is called within the call that
 * requested the read; the JDK limits this to 16 on one stack, after which other connections have
 * their turn.
 *
 * <p>A buffer that has been handed over cannot be used for anything else: an idle connection holds
 * a small one, and borrows a large one while its messages do not fit.
 *
 * <p>A thread of its own accepts, see {@link AsyncListener}, and another one answers datagrams,
 * since the JDK has no asynchronous channel for them. (These threads, and that the group ends apart
 * from them, make this page longer than its aim.)
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.5. The pattern is D. C. Schmidt's <i>Proactor</i>.
 */
final class AsyncServer implements Server {

  static final String NAME = "nio-async";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int SMALL = 512;
  private static final int LARGE = 16 * 1024;
  private static final long NOT_READING = Long.MIN_VALUE;

  /** While the server stops, a client that has been silent for so long has nothing more to send. */
  private static final long IDLE = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10);

  private final ServerConfig config;
  private final Service service;
  private final AsynchronousChannelGroup group = Network.openGroup(NAME + "-group");
  private final AsyncListener listener;
  private Optional<UdpSocket> datagrams = Optional.empty();
  private final CompletableFuture<Void> terminated;

  /** Completes when no handler will be called any more; exceptionally if one threw an error. */
  private final CompletableFuture<Void> handling = new CompletableFuture<>();

  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  /** Used by the group's thread. */
  private final SpareBuffers spares = new SpareBuffers(LARGE);

  private final CompletionHandler<Integer, Connection> received = then(Connection::received);
  private final CompletionHandler<Integer, Connection> sent = then((it, _) -> it.proceed());
  private final CompletionHandler<Integer, Connection> discarded = then(Connection::discarded);

  AsyncServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    try {
      listener = new AsyncListener(config, group);
      datagrams = UdpSocket.bind(config, service, listener.address());
      CompletableFuture<Void> udp = CompletableFuture.completedFuture(null);
      if (datagrams.isPresent()) {
        udp =
            Network.startThread(NAME + "-datagrams", datagrams.get()::answerUntilClosed)
                .whenComplete((_, _) -> stopListening()); // If it has died, the server ends.
      }
      CompletableFuture<Void> acceptor = Network.startThread(NAME + "-acceptor", this::run);
      terminated = CompletableFuture.allOf(acceptor, udp, handling);
    } catch (Throwable e) {
      group.shutdownNow(); // Closes the listener as well.
      datagrams.ifPresent(UdpSocket::close);
      throw e;
    }
  }

  // tag::accept[]
  private void run() {
    try {
      listener.acceptAll(this::welcome);
    } finally {
      stopListening();
      drain();
    }
  }

  private void welcome(AsynchronousSocketChannel peer) {
    try {
      peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
      Connection connection = new Connection(peer);
      connections.add(connection);
      connection.begin();
    } catch (IOException | RuntimeException e) {
      LOG.log(WARNING, "A client was turned away.", e);
      closeQuietly(peer);
    }
  }

  // end::accept[]

  /** Takes the result of an operation, a number of bytes, and requests the next operation. */
  private interface Step {
    void run(Connection connection, int count) throws IOException;
  }

  private CompletionHandler<Integer, Connection> then(Step step) {
    return new CompletionHandler<>() {
      @Override
      public void completed(Integer count, Connection it) {
        try {
          step.run(it, count);
        } catch (IOException e) {
          failed(e, it);
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A session failed.", e);
          it.end();
        } catch (Error e) {
          it.end();
          handling.completeExceptionally(e);
          stopListening();
        }
      }

      @Override
      public void failed(Throwable e, Connection it) {
        it.end(); // The client has reset the connection, or the linger limit is reached.
      }
    };
  }

  /** State that a thread of its own would have on its stack. */
  private final class Connection {

    private final AsynchronousSocketChannel peer;
    private final Session session = service.open();
    private final ByteBuffer small = ByteBuffer.allocate(SMALL).limit(0);
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Handed over while a read or a write is pending: the small one, or a borrowed one. */
    private ByteBuffer in = small;

    private ByteBuffer out = small;
    private long discardEnd;

    /** When the pending read was requested; written by the group's thread. */
    private volatile long readingSince = NOT_READING;

    Connection(AsynchronousSocketChannel peer) {
      this.peer = peer;
    }

    /** If the first read cannot be requested, the connection is closed. */
    void begin() {
      try {
        read();
      } catch (RuntimeException e) {
        end();
        throw e;
      }
    }

    // tag::converse[]
    // tag::wait[]
    /**
     * Requests input, and returns; the channel group waits. This is done only when all output has
     * been sent, which is back-pressure.
     */
    private void read() {
      if (!in.isDirect() && in.limit() == SMALL) { // It was filled, so there may be more.
        in = spares.borrow();
      } else if (in.isDirect() && in.limit() < SMALL) {
        in = spares.giveBack(in, small);
      }
      readingSince = System.nanoTime();
      peer.read(in.clear(), this, received);
    }

    // end::wait[]

    private void received(int count) throws IOException {
      readingSince = NOT_READING;
      endOfInput = count < 0;
      in.flip();
      advance();
    }

    private void advance() throws IOException {
      out = spares.borrow();
      progress = session.advance(in, out.clear(), endOfInput);
      out.flip();
      proceed();
    }

    private void proceed() throws IOException {
      if (out.hasRemaining()) {
        peer.write(out, this, sent); // It may write less, and is then requested again.
        return;
      }
      out = spares.giveBack(out, small);
      switch (progress) {
        case UNDERFLOW -> read();
        case OVERFLOW -> advance();
        case FINISHED -> shutdownOutput();
      }
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() throws IOException {
      peer.shutdownOutput();
      discardEnd = System.nanoTime() + config.linger().toNanos();
      discarded(endOfInput ? -1 : 0);
    }

    /** Closing with unread input would send RST, which can destroy the last reply. */
    private void discarded(int count) {
      long left = discardEnd - System.nanoTime();
      if (count < 0 || left <= 0) {
        end();
      } else {
        peer.read(in.clear(), left, NANOSECONDS, this, discarded);
      }
    }

    /**
     * While the server stops, ends the input of a client that has been silent for a while; the
     * pending read then completes. Shutting down all input at once would lose what is still in the
     * client's send buffer.
     */
    private void endInputIfIdle() {
      long since = readingSince;
      if (since != NOT_READING && System.nanoTime() - since >= IDLE) {
        closeQuietly(peer::shutdownInput);
      }
    }

    private void end() {
      closeQuietly(peer);
      connections.remove(this);
      in = spares.giveBack(in, small);
      out = spares.giveBack(out, small);
      listener.descriptorFreed();
    }
  }

  @Override
  public void close() {
    listener.stop();
    terminated.handle((_, _) -> null).join();
  }

  /** Serves the clients that have connected until each has been answered and is silent. */
  private void drain() {
    Deadline end = Deadline.in(config.gracePeriod());
    while (!connections.isEmpty() && !end.isOver()) {
      connections.forEach(Connection::endInputIfIdle);
      LockSupport.parkNanos(TICK);
    }
    try {
      group.shutdownNow(); // Closes the connections that are left.
      if (group.awaitTermination(config.gracePeriod().toNanos(), NANOSECONDS)) {
        handling.complete(null);
      }
      handling.completeExceptionally(new IOException("a completion handler does not return"));
    } catch (IOException | InterruptedException e) {
      handling.completeExceptionally(e);
    }
  }

  private void stopListening() {
    listener.close();
    datagrams.ifPresent(UdpSocket::close);
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
