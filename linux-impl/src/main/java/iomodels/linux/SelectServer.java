package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
import static iomodels.linux.Errno.EINTR;
import static iomodels.linux.Errno.check;
import static iomodels.linux.FdSet.FD_SETSIZE;
import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

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
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A Reactor on {@code select}, the oldest of its kind. One thread waits, in {@code select} and
 * nowhere else, and hands the kernel two sets of descriptors, a bit for each: those that it would
 * read from, and those that it would write to. {@code select} overwrites the sets with those that
 * are ready, so each call gets a copy; and every call and every return goes through all of them.
 *
 * <p>A set has {@code FD_SETSIZE} bits, 1,024, for whatever the whole process has opened. A client
 * whose descriptor has no bit is refused: accepted, closed, and counted in a warning; the others
 * notice nothing. To let it wait in the backlog would look like a server that hangs. In C the macro
 * {@code FD_SET} writes past the end of the set instead, and {@code select} believes it.
 *
 * <p>Level-triggered: a socket is reported as long as it is ready. So a turn may leave input where
 * it is, and need not read again to learn that there is no more.
 *
 * <p>An idle connection has no buffer. The loop has two for all, outside Java's heap, where the
 * kernel can reach them; only while a peer owes it room does a connection keep a copy of what is
 * left.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: {@code select} is section 6.3, a
 * server with it 6.8; the model is section 6.2, figure 6.3; TCP and UDP in one loop are section
 * 8.15.
 */
final class SelectServer implements Server {

  static final String NAME = "linux-select";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** A loop goes from turn to turn: what may be done in one is bounded. */
  private static final int MAX_ACCEPTS = 64;

  private static final int MAX_DATAGRAMS = 16;

  /**
   * How often the loop looks at the time while there is a time to look out for. While the server
   * stops, a client that says nothing for that long has nothing more to say.
   */
  private static final int TICK_MILLIS = 50;

  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  /** Between two warnings that clients are refused. */
  private static final long WARNING_PAUSE = SECONDS.toNanos(10);

  private final ServerConfig config;
  private final Service service;
  private final Optional<Responder> responder;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final EventFd wakeUp = new EventFd();
  private int listener = NONE;
  private int datagrams = NONE;

  private final @Nullable Connection[] connections = new Connection[FD_SETSIZE];
  private int open;

  private final Arena arena = Arena.ofAuto();

  /** Those to be waited for, and the copies in which {@code select} answers. */
  private final FdSet reading = new FdSet(arena);

  private final FdSet writing = new FdSet(arena);
  private final FdSet readable = new FdSet(arena);
  private final FdSet writable = new FdSet(arena);
  private final TimeVal tick = new TimeVal(arena);

  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();
  private final MsgHdr header = new MsgHdr();

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  /** Whether descriptors have run out, and when to try again: at once if one becomes free. */
  private boolean acceptPaused;

  private long acceptResumeAt;

  /** Clients refused since the last warning, and when the next may come. */
  private int refused;

  private long warnAgain = System.nanoTime();

  private volatile boolean stopping;

  SelectServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    this.responder = config.datagrams() ? service.datagrams() : Optional.empty();
    try {
      listener = Sockets.listen(config.address(), config.backlog());
      address = Sockets.address(listener);
      if (responder.isPresent()) {
        datagrams = Sockets.datagrams(address);
        read(datagrams);
      }
      read(listener);
      read(wakeUp.fd());
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void read(int fd) throws IOException {
    if (fd >= FD_SETSIZE) {
      throw new IOException(
          "select knows no descriptor from FD_SETSIZE on, " + FD_SETSIZE + ", and this is " + fd);
    }
    reading.add(fd);
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
    readable.copyFrom(reading);
    writable.copyFrom(writing);
    int ready =
        Libc.select(
            FD_SETSIZE,
            readable.segment(),
            writable.segment(),
            MemorySegment.NULL,
            timed ? tick.ofMillis(TICK_MILLIS) : MemorySegment.NULL);
    if (ready != -EINTR) {
      check("select", ready);
    }
    for (int i = 0; i < FdSet.WORDS && ready > 0; i++) {
      for (long bits = readable.word(i) | writable.word(i); bits != 0; bits &= bits - 1) {
        turn(i * Long.SIZE + Long.numberOfTrailingZeros(bits)); // The lowest bit, then without it.
      }
    }
    if (acceptPaused || !lingering.isEmpty()) {
      long now = System.nanoTime();
      if (acceptPaused && listener != NONE && acceptResumeAt - now <= 0) {
        acceptPaused = false;
        reading.add(listener);
      }
      while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
        lingering.remove().close();
      }
    }
  }

  // end::wait[]

  private void turn(int fd) {
    if (fd == listener) {
      accept(MAX_ACCEPTS);
    } else if (fd == datagrams) {
      answer(responder.orElseThrow());
    } else if (fd != wakeUp.fd()) { // Which need only end the wait.
      requireNonNull(connections[fd]).run();
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
        if (fd >= FD_SETSIZE) {
          refuse(fd);
          continue;
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
      reading.remove(listener); // Out of descriptors: neither die nor spin, and serve the others.
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
      acceptPaused = true;
    }
  }

  private void refuse(int fd) {
    Libc.close(fd);
    refused++;
    long now = System.nanoTime();
    if (warnAgain - now <= 0) {
      LOG.log(
          WARNING,
          "Descriptors from FD_SETSIZE on, {0}: clients refused: {1}",
          FD_SETSIZE,
          refused);
      warnAgain = now + WARNING_PAUSE;
      refused = 0;
    }
  }

  // end::accept[]

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session = service.open();

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
      reading.add(fd);
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
        await(owed ? writing : reading); // Not to read while it is owed something: back-pressure.
      }
    }

    /** One read; less than the buffer is all there is. If more comes, select will say so again. */
    private ByteBuffer receive() throws IOException {
      endOfInput |= in.recv(fd) < 0;
      activeSinceCheck = true;
      return in.bytes();
    }

    private void await(FdSet wanted) {
      reading.remove(fd);
      writing.remove(fd);
      wanted.add(fd);
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
        await(reading);
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
        reading.remove(fd); // Or the next select fails: it will have no closed descriptor.
        writing.remove(fd);
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
    reading.remove(wakeUp.fd());
    reading.remove(listener);
    reading.remove(datagrams);
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
