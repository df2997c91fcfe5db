package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.EINTR;
import static iomodels.linux.Errno.check;
import static iomodels.linux.Libc.EPOLLIN;
import static iomodels.linux.Libc.EPOLLOUT;
import static iomodels.linux.Libc.EPOLL_CTL_ADD;
import static iomodels.linux.Libc.EPOLL_CTL_MOD;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A Reactor on {@code epoll}, the way that Linux offers for many connections. The set of sockets to
 * watch lives in the kernel: {@code epoll_ctl} adds one when it is accepted and says so when
 * something else is to be waited for, which is rare. One thread waits, in {@code epoll_wait} and
 * nowhere else, and gets the sockets that are ready and no others; so an idle connection costs
 * nothing, however many there are. That is the difference to {@code select} and {@code poll}, to
 * which every call brings the whole set.
 *
 * <p>Level-triggered: a socket is reported as long as it is ready. So a turn may leave input where
 * it is, and need not read again to learn that there is no more: a message costs one {@code recv},
 * one {@code send} and a share of one {@code epoll_wait}.
 *
 * <p>An idle connection has no buffer. The loop has two for all, outside Java's heap, where the
 * kernel can reach them; only while a peer owes it room does a connection keep a copy of what is
 * left.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3; TCP and UDP in one loop are section 8.15. {@code epoll} is younger than the book; its
 * section 14.9, on {@code /dev/poll} and {@code kqueue}, tells of the same idea.
 */
final class EpollServer implements Server {

  static final String NAME = "linux-epoll";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** A loop goes from turn to turn: what may be done in one is bounded. */
  private static final int MAX_EVENTS = 256;

  private static final int MAX_ACCEPTS = 64;
  private static final int MAX_DATAGRAMS = 16;

  /**
   * How often the loop looks at the time while there is a time to look out for. While the server
   * stops, a client that says nothing for that long has nothing more to say.
   */
  private static final int TICK_MILLIS = 50;

  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  private final ServerConfig config;
  private final Service service;
  private final Optional<Responder> responder;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final EventFd wakeUp = new EventFd();
  private int epoll = NONE;
  private int listener = NONE;
  private int datagrams = NONE;

  /** By descriptor, which the kernel gives out from the lowest. */
  private @Nullable Connection[] connections = new Connection[64];

  private int open;

  /** What {@code epoll_ctl} is told, and what {@code epoll_wait} tells. */
  private final MemorySegment event = EpollEvent.array(1, Arena.ofAuto());

  private final MemorySegment events = EpollEvent.array(MAX_EVENTS, Arena.ofAuto());
  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();
  private final MsgHdr header = new MsgHdr();

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  /** Whether descriptors have run out, and when to try again: at once if one becomes free. */
  private boolean acceptPaused;

  private long acceptResumeAt;

  private volatile boolean stopping;

  EpollServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    this.responder = config.datagrams() ? service.datagrams() : Optional.empty();
    try {
      epoll = check("epoll_create1", Libc.epollCreate1(Libc.EPOLL_CLOEXEC));
      watch(EPOLL_CTL_ADD, wakeUp.fd(), EPOLLIN);
      listener = Sockets.listen(config.address(), config.backlog());
      watch(EPOLL_CTL_ADD, listener, EPOLLIN);
      address = Sockets.address(listener);
      if (responder.isPresent()) {
        datagrams = Sockets.datagrams(address);
        watch(EPOLL_CTL_ADD, datagrams, EPOLLIN);
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

  private void run() {
    try {
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

  // tag::wait[]
  private void await() throws IOException {
    boolean timed = acceptPaused || stopping || !lingering.isEmpty();
    int ready = Libc.epollWait(epoll, events, MAX_EVENTS, timed ? TICK_MILLIS : -1);
    if (ready != -EINTR) {
      check("epoll_wait", ready);
    }
    for (int i = 0; i < ready; i++) {
      turn(EpollEvent.fd(events, i));
    }
    if (acceptPaused || !lingering.isEmpty()) {
      long now = System.nanoTime();
      if (acceptPaused && listener != NONE && acceptResumeAt - now <= 0) {
        acceptPaused = false;
        watch(EPOLL_CTL_MOD, listener, EPOLLIN);
      }
      while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
        lingering.remove().close();
      }
    }
  }

  // end::wait[]

  private void turn(int fd) throws IOException {
    if (fd == listener) {
      accept(MAX_ACCEPTS);
    } else if (fd == datagrams) {
      answer(responder.orElseThrow());
    } else if (fd != wakeUp.fd()) { // Which need only end the wait.
      Connection connection = connections[fd];
      if (connection != null) { // Closed, it is told of while a process being started has a copy.
        connection.run();
      }
    }
  }

  // tag::accept[]
  private void accept(int max) throws IOException {
    try {
      for (int i = 0; i < max; i++) {
        int fd = Sockets.accept(listener);
        if (fd == NONE) {
          return;
        }
        try {
          new Connection(fd);
        } catch (IOException | RuntimeException e) {
          LOG.log(WARNING, "A client was turned away.", e);
          Libc.close(fd);
        } catch (Error e) {
          Libc.close(fd);
          throw e;
        }
      }
    } catch (IOException _) {
      watch(EPOLL_CTL_MOD, listener, 0); // Out of descriptors: neither die nor spin; serve others.
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
      acceptPaused = true;
    }
  }

  // end::accept[]

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session = service.open();

    private int interest = EPOLLIN;
    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input not taken yet, and output not sent yet. */
    private ByteBuffer unread = Buffers.EMPTY;

    private ByteBuffer unsent = Buffers.EMPTY;

    private boolean outputShutdown;
    private long deadline;

    /** Whether input has arrived since the last idle check. */
    private boolean activeSinceCheck = true;

    Connection(int fd) throws IOException {
      this.fd = fd;
      watch(EPOLL_CTL_ADD, fd, interest);
      if (fd >= connections.length) {
        connections = Arrays.copyOf(connections, 2 * fd);
      }
      connections[fd] = this;
      open++;
    }

    void run() {
      try {
        if (outputShutdown) {
          discard();
        } else {
          converse();
        }
      } catch (IOException _) {
        close(); // The peer has gone: that costs only its connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        close();
      }
    }

    // tag::converse[]
    /**
     * One turn: at most a read, an advance and a write, so that no connection delays the others for
     * long.
     */
    private void converse() throws IOException {
      if (unsent.hasRemaining()) {
        out.send(fd, unsent);
      }
      if (!unsent.hasRemaining() && progress != Progress.FINISHED) {
        ByteBuffer chunk = progress == Progress.OVERFLOW ? unread : receive();
        ByteBuffer reply = out.bytes().clear();
        progress = session.advance(chunk, reply, endOfInput);
        if (reply.flip().hasRemaining()) {
          out.send(fd, reply);
        }
        unread = retainRemainder(chunk);
        unsent = retainRemainder(reply);
      }
      boolean owed = progress == Progress.OVERFLOW || unsent.hasRemaining();
      if (progress == Progress.FINISHED && !owed) {
        shutdownOutput();
      } else {
        await(owed ? EPOLLOUT : EPOLLIN); // Not to read while it is owed something: back-pressure.
      }
    }

    /** One read; less than the buffer is all there is. If more comes, epoll will say so again. */
    private ByteBuffer receive() throws IOException {
      endOfInput |= in.recv(fd) < 0;
      activeSinceCheck = true;
      return in.bytes();
    }

    private void await(int wanted) throws IOException {
      if (interest != wanted) {
        watch(EPOLL_CTL_MOD, fd, wanted);
        interest = wanted;
      }
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() throws IOException {
      Libc.shutdown(fd, Libc.SHUT_WR);
      if (endOfInput) {
        close();
      } else {
        outputShutdown = true;
        deadline = System.nanoTime() + config.linger().toNanos();
        lingering.add(this);
        await(EPOLLIN);
      }
    }

    /**
     * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
     */
    private void discard() throws IOException {
      if (in.recv(fd) < 0) {
        close();
      }
    }

    /**
     * While the server stops: what is quiet is taken for having ended its input. What lingers stays
     * until its deadline, since the last reply may still be on its way.
     */
    private void closeIfIdle() {
      if (!activeSinceCheck && progress == Progress.UNDERFLOW && !unsent.hasRemaining()) {
        endOfInput = true;
        run();
      }
      activeSinceCheck = false;
    }

    /** Once only: the next client may have been given the same descriptor. */
    private void close() {
      if (connections[fd] == this) {
        connections[fd] = null;
        open--;
        Libc.close(fd); // Takes it out of the kernel's set as well, once nobody has a copy.
        acceptResumeAt = System.nanoTime(); // If descriptors have run out, there is one now.
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
    accept(config.backlog() + 1); // To close the listener resets those that wait in its queue.
    stopListening();
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
  }

  private void stopListening() {
    wakeUp.close();
    Libc.close(listener);
    Libc.close(datagrams);
    listener = NONE;
    datagrams = NONE;
  }

  private void closeAll() {
    stopListening();
    for (Connection connection : connections) {
      if (connection != null) {
        connection.close();
      }
    }
    Libc.close(epoll);
  }

  // end::close[]

  private void answer(Responder responder) {
    try {
      for (int i = 0; i < MAX_DATAGRAMS; i++) {
        if (!in.recvmsg(datagrams, header)) {
          return;
        }
        responder.reply(in.bytes(), out.bytes().clear());
        out.bytes().flip();
        out.sendmsg(datagrams, header);
      }
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A responder failed.", e);
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
