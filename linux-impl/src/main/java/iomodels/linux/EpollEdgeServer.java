package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.EINTR;
import static iomodels.linux.Errno.check;
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
 * A Reactor on {@code epoll}, edge-triggered: the kernel reports a socket when it <em>becomes</em>
 * ready, once, and not again while it is. {@code EPOLLET} spares the calls that would change what
 * is waited for: each connection is added for reading and writing at once, and never touched again.
 *
 * <p>The price is the classic trap. Whoever leaves input unread waits for a report that will not
 * come; and whoever therefore reads until {@code EAGAIN}, as the manuals advise, reads for ever
 * from a client that sends faster than he reads, and serves nobody else. So here each connection
 * remembers what it was told, until a call has shown that it is no longer true, and the loop keeps
 * a list of those that can go on. Each has one turn, bounded as ever, then stands at the end of the
 * list; and while the list is not empty, the loop asks for news without waiting. In other words, to
 * be level-triggered is a thing that the loop now does itself.
 *
 * <p>A call that moves less than it might has shown that there is no more: {@code EAGAIN} need not
 * be seen. That is not so of a read that stops short of a FIN or of urgent data: either may have
 * been reported, once and for all, together with the bytes before it. Hence {@code EPOLLRDHUP} and
 * {@code EPOLLPRI}, after which only an empty read counts. The listener and the UDP socket stay
 * level-triggered; nothing would be gained there.
 *
 * <p>An idle connection has no buffer. The loop has two for all, outside Java's heap, where the
 * kernel can reach them; only while a peer owes it room does a connection keep a copy of what is
 * left.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3; TCP and UDP in one loop are section 8.15. {@code epoll} is younger than the book; the trap
 * is described in epoll(7).
 */
final class EpollEdgeServer implements Server {

  static final String NAME = "linux-epoll-edge";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** What a connection is told of, all its life. An error makes either call return at once. */
  private static final int INTEREST = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

  private static final int READABLE = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  private static final int WRITABLE = EPOLLOUT | EPOLLHUP | EPOLLERR;

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

  /** Those that can go on, the one that has waited longest first. */
  private final Queue<Connection> ready = new ArrayDeque<>();

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  /** Whether descriptors have run out, and when to try again: at once if one becomes free. */
  private boolean acceptPaused;

  private long acceptResumeAt;

  private volatile boolean stopping;

  EpollEdgeServer(ServerConfig config, Service service) throws IOException {
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
    int timeout = !ready.isEmpty() ? 0 : timed ? TICK_MILLIS : -1;
    int count = Libc.epollWait(epoll, events, MAX_EVENTS, timeout);
    if (count != -EINTR) {
      check("epoll_wait", count);
    }
    for (int i = 0; i < count; i++) {
      take(EpollEvent.fd(events, i), EpollEvent.events(events, i));
    }
    for (int turns = ready.size(); turns > 0; turns--) {
      ready.remove().run();
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

  private void take(int fd, int news) throws IOException {
    if (fd == listener) {
      accept(MAX_ACCEPTS);
    } else if (fd == datagrams) {
      answer(responder.orElseThrow());
    } else if (fd != wakeUp.fd()) { // Which need only end the wait.
      Connection connection = connections[fd];
      if (connection != null) { // Closed, it is told of while a process being started has a copy.
        connection.hear(news);
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

    /** What the kernel has told, and no call has disproved; told once, it must not be forgotten. */
    private boolean readable;

    private boolean writable;

    /** Whether a FIN, or urgent data, has been reported: then a short read proves nothing. */
    private boolean more;

    /** Whether it is in the list of those that can go on. */
    private boolean listed;

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
      watch(EPOLL_CTL_ADD, fd, INTEREST);
      if (fd >= connections.length) {
        connections = Arrays.copyOf(connections, 2 * fd);
      }
      connections[fd] = this;
      open++;
    }

    private void hear(int news) {
      readable |= (news & READABLE) != 0;
      writable |= (news & WRITABLE) != 0;
      more |= (news & (EPOLLRDHUP | EPOLLPRI)) != 0;
      listIfAble();
    }

    /** It can go on if the one thing that it waits for is so. */
    private void listIfAble() {
      if (!listed && connections[fd] == this && (isOwed() ? writable : readable)) {
        listed = true;
        ready.add(this);
      }
    }

    /** Not to read while it is owed something is back-pressure. */
    private boolean isOwed() {
      return progress == Progress.OVERFLOW || unsent.hasRemaining();
    }

    void run() {
      listed = false;
      if (connections[fd] != this) {
        return; // It came to its end while it was in the list.
      }
      try {
        if (outputShutdown) {
          discard();
        } else {
          converse();
        }
        listIfAble();
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
        send(unsent);
      }
      if (!unsent.hasRemaining() && progress != Progress.FINISHED) {
        ByteBuffer chunk = progress == Progress.OVERFLOW ? unread : receive();
        ByteBuffer reply = out.bytes().clear();
        progress = session.advance(chunk, reply, endOfInput);
        if (reply.flip().hasRemaining()) {
          send(reply);
        }
        unread = retainRemainder(chunk);
        unsent = retainRemainder(reply);
      }
      if (progress == Progress.FINISHED && !isOwed()) {
        shutdownOutput();
      }
    }

    private ByteBuffer receive() throws IOException {
      int count = in.recv(fd);
      endOfInput |= count < 0;
      readable = count == in.bytes().capacity() || (count > 0 && more);
      activeSinceCheck = true;
      return in.bytes();
    }

    private void send(ByteBuffer bytes) throws IOException {
      int length = bytes.remaining();
      writable = out.send(fd, bytes) == length;
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
      }
    }

    /**
     * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
     */
    private void discard() throws IOException {
      receive();
      if (endOfInput) {
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
        Libc.close(fd); // Takes it out of the kernel's set as well.
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
