package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.EINTR;
import static iomodels.linux.Errno.check;
import static iomodels.linux.Libc.POLLIN;
import static iomodels.linux.Libc.POLLOUT;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.Objects.requireNonNull;
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
 * A Reactor on {@code poll}. One thread waits, in {@code poll} and nowhere else, and hands the
 * kernel an array that names every socket and what is to be waited for on it; {@code poll} marks
 * those that are ready, and returns how many. There is no limit to the array, unlike {@code
 * select}'s sets, and the kernel keeps nothing between two calls: to wait for something else is to
 * write another number into the array. The price is that every call brings the whole array into the
 * kernel and every return has it searched, so a message costs the more the more connections are
 * idle.
 *
 * <p>Level-triggered: a socket is reported as long as it is ready. So a turn may leave input where
 * it is, and need not read again to learn that there is no more.
 *
 * <p>An idle connection has no buffer. The loop has two for all, outside Java's heap, where the
 * kernel can reach them; only while a peer owes it room does a connection keep a copy of what is
 * left.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: {@code poll} is section 6.10, a
 * server with it 6.11; the model is section 6.2, figure 6.3; TCP and UDP in one loop are section
 * 8.15.
 */
final class PollServer implements Server {

  static final String NAME = "linux-poll";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** The first places in the array; connections have those that follow. */
  private static final int WAKE_UP = 0;

  private static final int LISTENER = 1;
  private static final int DATAGRAMS = 2;
  private static final int FIRST_CONNECTION = 3;

  /** A loop goes from turn to turn: what may be done in one is bounded. */
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
  private int listener = NONE;
  private int datagrams = NONE;

  /** What {@code poll} is asked, and whom that is about: two arrays side by side, without gaps. */
  private MemorySegment pollFds = PollFd.array(64, Arena.ofAuto());

  private @Nullable Connection[] connections = new Connection[64];
  private int size = FIRST_CONNECTION;

  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();
  private final MsgHdr header = new MsgHdr();

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  /** Whether descriptors have run out, and when to try again: at once if one becomes free. */
  private boolean acceptPaused;

  private long acceptResumeAt;

  private volatile boolean stopping;

  PollServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    this.responder = config.datagrams() ? service.datagrams() : Optional.empty();
    try {
      listener = Sockets.listen(config.address(), config.backlog());
      address = Sockets.address(listener);
      if (responder.isPresent()) {
        datagrams = Sockets.datagrams(address);
      }
      PollFd.set(pollFds, WAKE_UP, wakeUp.fd(), POLLIN);
      PollFd.set(pollFds, LISTENER, listener, POLLIN);
      PollFd.set(pollFds, DATAGRAMS, datagrams, POLLIN);
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
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
    int ready = Libc.poll(pollFds, size, timed ? TICK_MILLIS : -1);
    if (ready != -EINTR) {
      check("poll", ready);
    }
    // From the last to the first: whoever leaves has his place taken by one that had his turn.
    for (int i = size - 1; i >= 0 && ready > 0; i--) {
      if (PollFd.revents(pollFds, i) != 0) {
        ready--;
        turn(i);
      }
    }
    if (acceptPaused || !lingering.isEmpty()) {
      long now = System.nanoTime();
      if (acceptPaused && listener != NONE && acceptResumeAt - now <= 0) {
        acceptPaused = false;
        PollFd.set(pollFds, LISTENER, listener, POLLIN);
      }
      while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
        lingering.remove().close();
      }
    }
  }

  // end::wait[]

  private void turn(int place) {
    switch (place) {
      case WAKE_UP -> {} // To return from poll is all it was for.
      case LISTENER -> accept(MAX_ACCEPTS);
      case DATAGRAMS -> answer(responder.orElseThrow());
      default -> requireNonNull(connections[place]).run();
    }
  }

  // tag::accept[]
  private void accept(int max) {
    try {
      for (int i = 0; i < max; i++) {
        int fd = Sockets.accept(listener);
        if (fd == NONE) {
          return;
        }
        try {
          new Connection(fd);
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A client was turned away.", e);
          Libc.close(fd);
        } catch (Error e) {
          Libc.close(fd);
          throw e;
        }
      }
    } catch (IOException _) {
      // Out of descriptors: neither die nor spin, and serve the others.
      PollFd.set(pollFds, LISTENER, NONE, POLLIN);
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
      acceptPaused = true;
    }
  }

  // end::accept[]

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session = service.open();

    /** Where in the arrays it is. */
    private int place = size;

    private Progress progress = Progress.UNDERFLOW;
    private boolean endOfInput;

    /** Input not taken yet, and output not sent yet. */
    private ByteBuffer unread = Buffers.EMPTY;

    private ByteBuffer unsent = Buffers.EMPTY;

    private boolean outputShutdown;
    private long deadline;

    /** Whether input has arrived since the last idle check. */
    private boolean activeSinceCheck = true;

    Connection(int fd) {
      this.fd = fd;
      if (size == connections.length) {
        connections = Arrays.copyOf(connections, 2 * size);
        pollFds = PollFd.array(2 * size, Arena.ofAuto()).copyFrom(pollFds);
      }
      connections[size] = this;
      PollFd.set(pollFds, size, fd, POLLIN);
      size++;
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
        await(owed ? POLLOUT : POLLIN); // Not to read while it is owed something: back-pressure.
      }
    }

    /** One read; less than the buffer is all there is. If more comes, poll will say so again. */
    private ByteBuffer receive() throws IOException {
      endOfInput |= in.recv(fd) < 0;
      activeSinceCheck = true;
      return in.bytes();
    }

    private void await(short wanted) {
      PollFd.set(pollFds, place, fd, wanted);
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() {
      Libc.shutdown(fd, Libc.SHUT_WR);
      if (endOfInput) {
        close();
      } else {
        outputShutdown = true;
        deadline = System.nanoTime() + config.linger().toNanos();
        lingering.add(this);
        await(POLLIN);
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
      if (place != NONE) {
        size--;
        Connection last = requireNonNull(connections[size]);
        connections[size] = null;
        if (last != this) { // No gaps: it moves here.
          connections[place] = last;
          PollFd.move(pollFds, size, place);
          last.place = place;
        }
        place = NONE;
        Libc.close(fd);
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
    while (size > FIRST_CONNECTION && System.nanoTime() - deadline < 0) {
      await();
      if (System.nanoTime() - nextLook >= 0) {
        nextLook = System.nanoTime() + MILLISECONDS.toNanos(TICK_MILLIS);
        for (int i = size - 1; i >= FIRST_CONNECTION; i--) {
          requireNonNull(connections[i]).closeIfIdle();
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
    for (int i = WAKE_UP; i < FIRST_CONNECTION; i++) {
      PollFd.set(pollFds, i, NONE, POLLIN);
    }
  }

  private void closeAll() {
    stopListening();
    while (size > FIRST_CONNECTION) {
      requireNonNull(connections[size - 1]).close();
    }
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
