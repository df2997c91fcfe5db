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
 * Proactor. A connection requests a read and hands over a buffer; when its completion handler is
 * called, the bytes are in the buffer. The channel group waits and copies. On Linux the JDK
 * emulates this on top of readiness: the threads of the group wait in {@code epoll_wait}, read, and
 * call the handler. So each message costs one read without data and one {@code epoll_ctl} more than
 * with a selector. (Linux's own completion interface is io_uring.)
 *
 * <p>Here the group has one thread, so no two handlers run at the same time, and a connection needs
 * no lock. If input is already available, the handler is called within the call that requested the
 * read; the JDK limits this nesting to 16 calls, after which it serves other connections.
 *
 * <p>A buffer that has been handed over cannot be used for anything else. So an idle connection
 * holds a small buffer, and borrows a large one while its messages do not fit.
 *
 * <p>A separate thread accepts, see {@link AsyncListener}, and another one answers datagrams, since
 * the JDK has no asynchronous datagram channel. (These threads, which end independently of the
 * group, make this page longer than its aim.)
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

  /** While the server stops, a client that has been silent for this long counts as finished. */
  private static final long IDLE = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10);

  private final ServerConfig config;
  private final Service service;
  private final AsynchronousChannelGroup group = Network.openGroup(NAME + "-group");
  private final AsyncListener listener;
  private Optional<UdpSocket> datagrams = Optional.empty();
  private final CompletableFuture<Void> terminated;

  /**
   * Completes when no further handler will be called; exceptionally if a handler threw an error.
   */
  private final CompletableFuture<Void> handling = new CompletableFuture<>();

  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  /** Confined to the group's thread. */
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
                .whenComplete((_, _) -> stopListening()); // If the thread fails, the server ends.
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
      LOG.log(WARNING, "Cannot set up a connection.", e);
      closeQuietly(peer);
    }
  }

  // end::accept[]

  /** Handles the result of an operation, a number of bytes, and requests the next operation. */
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

  /** The state of a connection, which a blocking thread would keep on its stack. */
  private final class Connection {

    private final AsynchronousSocketChannel peer;
    private final Session session = service.open();
    private final ByteBuffer small = ByteBuffer.allocate(SMALL).limit(0);
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Handed over while a read or a write is pending: the small buffer, or a borrowed one. */
    private ByteBuffer in = small;

    private ByteBuffer out = small;
    private long discardEnd;

    /** When the pending read was requested. Written by the group's thread, read by the acceptor. */
    private volatile long readingSince = NOT_READING;

    Connection(AsynchronousSocketChannel peer) {
      this.peer = peer;
    }

    /** Requests the first read; closes the connection if that fails. */
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
     * Requests input, and returns; the channel group waits. The next read is requested only when
     * all output has been sent: this is back-pressure.
     */
    private void read() {
      if (!in.isDirect() && in.limit() == SMALL) { // The buffer was full: there may be more.
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
        peer.write(out, this, sent); // It may write only a part; sent() then requests the rest.
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

    /**
     * Discards input: closing with unread input would send RST, which can destroy the last reply.
     */
    private void discarded(int count) {
      long left = discardEnd - System.nanoTime();
      if (count < 0 || left <= 0) {
        end();
      } else {
        peer.read(in.clear(), left, NANOSECONDS, this, discarded);
      }
    }

    /**
     * While the server stops, shuts down the input of a client that has been silent for {@link
     * #IDLE}; the pending read then completes. If all input were shut down at once, data in the
     * clients' send buffers would be lost.
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

  /** Serves the connected clients until each has been answered and is silent. */
  private void drain() {
    Deadline end = Deadline.in(config.gracePeriod());
    while (!connections.isEmpty() && !end.isOver()) {
      connections.forEach(Connection::endInputIfIdle);
      LockSupport.parkNanos(TICK);
    }
    try {
      group.shutdownNow(); // Closes the remaining connections.
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
