package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.nio.channels.DatagramChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * A Proactor: it asks for a read and hands over the buffer; when its handler is called, the bytes
 * are in it. Waiting and copying are the channel group's business. That is the asynchronous model
 * as the JDK has it. On Linux the kernel does neither of the two: the group is a pool of threads
 * which wait in {@code epoll_wait}, read, and call the handler; completion is emulated on top of
 * readiness, and costs a failed read and an {@code epoll_ctl} for each message more than a selector
 * does. (io_uring is where Linux itself completes.)
 *
 * <p>The pool here has one thread. So no two handlers run at the same time, nothing in a connection
 * needs a lock, and no message moves from thread to thread. A handler may be called within the call
 * that asked, if there was something to read; the JDK bounds that to 16 on one stack, after which
 * the others have their turn.
 *
 * <p>A buffer that is lent out for a read cannot be used meanwhile: an idle connection keeps a
 * small one, and borrows a large one while it says more than fits.
 *
 * <p>Clients are accepted by a thread that waits on a {@code Future}: a handler would be called
 * once each time round all that is ready, and a thousand busy clients keep out the next for
 * seconds. Datagrams, if wanted, take a thread that blocks: the JDK has no asynchronous channel for
 * them.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.5. The pattern is D. C. Schmidt's <i>Proactor</i>.
 */
final class AsyncServer implements Server {

  static final String NAME = "nio-async";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int SMALL = 512;
  private static final int LARGE = 16 * 1024;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);
  private static final long NOT_WAITING = Long.MIN_VALUE;

  /** While the server stops, a client that says nothing for that long has nothing more to say. */
  private static final long QUIET = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10);

  private final ServerConfig config;
  private final Service service;
  private final AsynchronousChannelGroup group = openGroup();
  private final List<Closeable> sockets = new ArrayList<>();
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  /** Completes when no handler will be called any more, or with what one of them died of. */
  private final CompletableFuture<Void> handling = new CompletableFuture<>();

  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  /** What is called when a read or a write is done: one handler for all connections. */
  private final CompletionHandler<Integer, Connection> received = then(Connection::received);

  private final CompletionHandler<Integer, Connection> sent = then((it, _) -> it.goOn());
  private final CompletionHandler<Integer, Connection> discarded = then(Connection::discarded);

  /** Present while descriptors have run out. */
  private volatile Optional<Thread> pausedAcceptor = Optional.empty();

  private volatile boolean stopping;

  /** Large buffers that are not lent out; used by the group's thread. */
  private final Deque<ByteBuffer> spare = new ArrayDeque<>();

  AsyncServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    try {
      AsynchronousServerSocketChannel listener = AsynchronousServerSocketChannel.open(group);
      sockets.add(listener);
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      Network.with(config.address(), it -> listener.bind(it, config.backlog()));
      address = (InetSocketAddress) listener.getLocalAddress();
      Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
      CompletableFuture<Void> udp = CompletableFuture.completedFuture(null);
      if (responder.isPresent()) {
        DatagramChannel datagrams = DatagramChannel.open();
        sockets.add(datagrams);
        datagrams.bind(address);
        udp = Network.startThread(NAME + "-datagrams", () -> answer(datagrams, responder.get()));
      }
      CompletableFuture<Void> acceptor =
          Network.startThread(NAME + "-acceptor", () -> accept(listener));
      terminated = CompletableFuture.allOf(acceptor, udp, handling);
    } catch (Throwable e) {
      closeSockets();
      group.shutdownNow();
      throw e;
    }
  }

  private static AsynchronousChannelGroup openGroup() throws IOException {
    try {
      return AsynchronousChannelGroup.withFixedThreadPool(
          1, Thread.ofPlatform().name(NAME + "-group").factory());
    } catch (OutOfMemoryError e) {
      throw Network.noThread(NAME + "-group", e);
    }
  }

  // tag::accept[]
  private void accept(AsynchronousServerSocketChannel listener) {
    try {
      Future<AsynchronousSocketChannel> next = listener.accept();
      for (int late = 0; listener.isOpen() && late <= config.backlog(); ) {
        late += stopping ? 1 : 0; // Accepts all that wait: to close the listener would reset them.
        try {
          welcome(next.get(QUIET, NANOSECONDS));
          next = listener.accept();
        } catch (ExecutionException _) {
          if (stopping) {
            return; // There are no descriptors for those that are left.
          }
          awaitDescriptor(); // Neither die nor spin.
          next = listener.accept();
        } catch (TimeoutException _) {
          // Nobody has come: time to see whether the server is to stop.
        }
        if (late > 0 && !next.isDone()) {
          return;
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e); // Nobody has the thread who could interrupt it.
    } finally {
      closeSockets();
      drain();
    }
  }

  private void awaitDescriptor() {
    pausedAcceptor = Optional.of(Thread.currentThread());
    LockSupport.parkNanos(ACCEPT_PAUSE);
    pausedAcceptor = Optional.empty();
  }

  private void welcome(AsynchronousSocketChannel peer) {
    try {
      new Connection(peer).start();
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A client was turned away.", e);
      quietly(peer);
    }
  }

  // end::accept[]

  /** What a connection does next, with the count of what was received or sent. */
  private interface Step {
    void take(Connection connection, int count) throws IOException;
  }

  private CompletionHandler<Integer, Connection> then(Step next) {
    return new CompletionHandler<>() {
      @Override
      public void completed(Integer count, Connection it) {
        try {
          next.take(it, count);
        } catch (IOException _) {
          it.end(); // The peer is gone, which costs no more than its connection.
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A session failed.", e);
          it.end();
        } catch (Error e) {
          it.end();
          handling.completeExceptionally(e);
          closeSockets();
        }
      }

      @Override
      public void failed(Throwable e, Connection it) {
        it.end();
      }
    };
  }

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final AsynchronousSocketChannel peer;
    private final Session session = service.open();

    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Its own, empty at first. */
    private final ByteBuffer small = ByteBuffer.allocate(SMALL).limit(0);

    /** Lent out for as long as a read or a write is pending: the small one, or a borrowed one. */
    private ByteBuffer in = small;

    private ByteBuffer out = small;

    private long deadline;

    /** Since when the client is waited for; written by the group's thread. */
    private volatile long waitingSince = NOT_WAITING;

    Connection(AsynchronousSocketChannel peer) {
      this.peer = peer;
    }

    void start() {
      connections.add(this);
      try {
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        await();
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "A client was turned away.", e);
        end();
      }
    }

    // tag::converse[]
    // tag::wait[]
    /**
     * Asks for more, and returns: it is the channel group that waits. Only now, since not to read
     * while output is owed is back-pressure.
     */
    private void await() {
      if (!in.isDirect() && in.limit() == SMALL) { // It was filled, and there may be more.
        in = borrow();
      } else if (in.isDirect() && in.limit() < SMALL) {
        in = giveBack(in);
      }
      waitingSince = System.nanoTime();
      peer.read(in.clear(), this, received);
    }

    // end::wait[]

    private void received(int count) throws IOException {
      waitingSince = NOT_WAITING;
      endOfInput = count < 0;
      in.flip();
      converse();
    }

    private void converse() throws IOException {
      out = borrow();
      progress = session.advance(in, out.clear(), endOfInput);
      out.flip();
      goOn();
    }

    private void goOn() throws IOException {
      if (out.hasRemaining()) {
        peer.write(out, this, sent); // Which may take less, and then is asked again.
        return;
      }
      out = giveBack(out);
      switch (progress) {
        case UNDERFLOW -> await();
        case OVERFLOW -> converse();
        case FINISHED -> hangUp();
      }
    }

    private ByteBuffer borrow() {
      return spare.isEmpty() ? ByteBuffer.allocateDirect(LARGE) : spare.pop();
    }

    /** The borrowed ones are the direct ones. Returns what takes its place. */
    private ByteBuffer giveBack(ByteBuffer buffer) {
      if (buffer.isDirect()) {
        spare.push(buffer);
      }
      return small;
    }

    // end::converse[]

    // tag::close[]
    private void hangUp() throws IOException {
      peer.shutdownOutput();
      if (endOfInput) {
        end();
      } else {
        deadline = System.nanoTime() + config.linger().toNanos();
        discard();
      }
    }

    /**
     * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
     */
    private void discard() {
      long left = deadline - System.nanoTime();
      if (left > 0) {
        peer.read(in.clear(), left, NANOSECONDS, this, discarded);
      } else {
        end();
      }
    }

    private void discarded(int count) {
      if (count < 0) {
        end();
      } else {
        discard();
      }
    }

    private boolean isQuiet(long now) {
      return waitingSince != NOT_WAITING && now - waitingSince >= QUIET;
    }

    private void end() {
      quietly(peer);
      connections.remove(this);
      in = giveBack(in);
      out = giveBack(out);
      pausedAcceptor.ifPresent(LockSupport::unpark);
    }
  }

  @Override
  public void close() {
    stopping = true; // The acceptor sees it, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Ends a conversation once its client has nothing more to say, or after the grace period. */
  private void drain() {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    for (long now; !connections.isEmpty() && (now = System.nanoTime()) - deadline < 0; ) {
      for (Connection it : connections) {
        if (it.isQuiet(now)) {
          quietly(it.peer::shutdownInput); // As if by the client: the read brings the end of input.
        }
      }
      LockSupport.parkNanos(TICK);
    }
    try {
      group.shutdownNow(); // Closes what is left.
      if (group.awaitTermination(config.gracePeriod().toNanos(), NANOSECONDS)) {
        handling.complete(null);
      }
      handling.completeExceptionally(new IOException("a handler does not return"));
    } catch (IOException | InterruptedException e) {
      handling.completeExceptionally(e);
    }
  }

  private void closeSockets() {
    sockets.forEach(AsyncServer::quietly);
  }

  private static void quietly(Closeable action) {
    try {
      action.close();
    } catch (IOException _) {
      // Closed already, or reset by its peer: there is nothing left to close.
    }
  }

  // end::close[]

  /**
   * On a wildcard address a reply may come from another address than the one that was addressed:
   * the kernel chooses it, and the JDK does not tell which one that was ({@code IP_PKTINFO}).
   */
  private void answer(DatagramChannel datagrams, Responder responder) {
    ByteBuffer request = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
    ByteBuffer reply = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
    try {
      while (datagrams.isOpen()) {
        try {
          SocketAddress sender = datagrams.receive(request.clear());
          responder.reply(request.flip(), reply.clear());
          datagrams.send(reply.flip(), sender);
        } catch (IOException _) {
          // One reply that could not be sent; or closed, and the loop ends.
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A responder failed.", e);
        }
      }
    } finally {
      closeSockets();
    }
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
