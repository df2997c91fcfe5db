package iomodels.linux;

import static iomodels.linux.Buffers.retainRemainder;
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
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Signal-driven I/O: one thread, to which the kernel sends a signal whenever something happens to a
 * socket. It waits in {@code sigtimedwait}, nowhere else, and takes the signals one by one from
 * their queue; each says which socket it is about, and that socket has one turn, whose calls return
 * at once. No handler runs: in a JVM it could hardly do anything, since it may interrupt any thread
 * at any instruction.
 *
 * <p>Nobody serves TCP like this today, and the page shows why. A signal tells of an event, once,
 * and not of a state: what happened before the socket was enrolled is not told, nor what happens
 * while the socket is not to be read, so that each place where a turn may end has to know whether a
 * signal will still come. There is a signal for every segment, even if its data has been read with
 * that of the one before. The queue is bounded, and when it is full a mere SIGIO says that
 * something was lost: then every socket is asked. And each signal costs a call, where {@code
 * epoll_wait} tells of hundreds at once.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.4; chapter 25 has a UDP server, and says why TCP is another matter. The real-time signal with
 * the descriptor in it is Linux's: {@code F_SETSIG} in {@code fcntl(2)}.
 */
final class SignalDrivenServer implements Server {

  static final String NAME = "linux-sigio";

  private static final System.Logger LOG = System.getLogger(NAME);

  /** A loop goes from turn to turn: what may be done in one is bounded. */
  private static final int MAX_ACCEPTS = 64;

  private static final int MAX_DATAGRAMS = 16;

  /**
   * How often the loop looks at the time while there is a time to look out for. While the server
   * stops, a client that says nothing for that long has nothing more to say.
   */
  private static final long TICK_MILLIS = 50;

  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  private final ServerConfig config;
  private final Service service;
  private final Optional<Responder> responder;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private int listener = NONE;
  private int datagrams = NONE;

  /** By descriptor, which the kernel gives out from the lowest. */
  private @Nullable Connection[] connections = new Connection[64];

  private int open;

  private final NativeBuffer in = new NativeBuffer();
  private final NativeBuffer out = new NativeBuffer();
  private final MsgHdr header = new MsgHdr();

  /** Whether connections or datagrams may be waiting of which no signal will tell any more. */
  private boolean pendingAccepts;

  private boolean pendingDatagrams;

  /** Connections that can go on without a signal, the one that has waited longest first. */
  private final Queue<Connection> ready = new ArrayDeque<>();

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  /** Whether descriptors have run out, and when to try again: at once if one becomes free. */
  private boolean acceptPaused;

  private long acceptResumeAt;

  private volatile @Nullable Signals signals;
  private volatile boolean stopping;

  SignalDrivenServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    this.responder = config.datagrams() ? service.datagrams() : Optional.empty();
    try {
      listener = Sockets.listen(config.address(), config.backlog());
      address = Sockets.address(listener);
      if (responder.isPresent()) {
        datagrams = Sockets.datagrams(address);
      }
      terminated = Threads.start(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void run() {
    try (Signals mine = new Signals()) { // Sent to the thread that makes it, which is this one.
      serve(mine);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      closeAll();
    }
  }

  private void serve(Signals mine) throws IOException {
    try {
      mine.enable(listener);
      if (datagrams != NONE) {
        mine.enable(datagrams);
      }
      sweep(); // Clients may have come before the listener was enabled.
      signals = mine;
      while (!stopping) {
        await(mine);
      }
      drain(mine);
    } finally {
      closeAll(); // No descriptor is to raise a signal once the thread no longer blocks them.
    }
  }

  // tag::wait[]
  private void await(Signals signals) throws IOException {
    boolean timed = acceptPaused || stopping || !lingering.isEmpty();
    boolean busy = (pendingAccepts && !acceptPaused) || pendingDatagrams || !ready.isEmpty();
    int fd = signals.await(busy ? 0 : timed ? TICK_MILLIS : Signals.FOREVER);
    if (fd == Signals.OVERFLOW) {
      sweep();
    } else if (fd != Signals.NONE) {
      hear(fd);
    }
    if (pendingAccepts && !acceptPaused) {
      accept(signals, MAX_ACCEPTS);
    }
    if (pendingDatagrams) {
      answer(responder.orElseThrow());
    }
    Connection next = ready.poll(); // One for each signal: the queue of signals must not grow.
    if (next != null) {
      next.listed = false;
      next.run();
    }
    if (timed) {
      long now = System.nanoTime();
      acceptPaused &= acceptResumeAt - now > 0;
      while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
        lingering.remove().close();
      }
    }
  }

  private void hear(int fd) {
    if (fd == listener) {
      pendingAccepts = true;
    } else if (fd == datagrams) {
      pendingDatagrams = true;
    } else {
      Connection connection = fd < connections.length ? connections[fd] : null;
      if (connection != null) { // If not, the signal was late.
        connection.hear();
      }
    }
  }

  /** What signals have told is not known: whatever can be asked is asked. */
  private void sweep() {
    pendingAccepts = listener != NONE;
    pendingDatagrams = datagrams != NONE;
    for (Connection connection : connections) {
      if (connection != null) {
        connection.untold = true;
        connection.readable = true;
        connection.writable = true;
        connection.listIfAble();
      }
    }
  }

  // end::wait[]

  // tag::accept[]
  private void accept(Signals signals, int max) {
    try {
      for (int i = 0; i < max; i++) {
        int fd = Sockets.accept(listener);
        if (fd == NONE) {
          pendingAccepts = false;
          return;
        }
        try {
          signals.enable(fd);
          new Connection(fd).hear(); // What it has said by now, no signal tells.
        } catch (IOException | RuntimeException e) {
          LOG.log(WARNING, "A client was turned away.", e);
          Libc.close(fd);
        } catch (Error e) {
          Libc.close(fd);
          throw e;
        }
      }
    } catch (IOException _) {
      acceptPaused = true; // Out of descriptors: neither die nor spin, and serve the others.
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
    }
  }

  // end::accept[]

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final int fd;
    private final Session session = service.open();

    /** What signals have told, and no call has disproved; told once, it must not be forgotten. */
    private boolean readable;

    private boolean writable;

    /**
     * Whether more may have happened than one read will see: then the next must find nothing,
     * before a signal can be relied on again.
     */
    private boolean untold = true;

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

    Connection(int fd) {
      this.fd = fd;
      if (fd >= connections.length) {
        connections = Arrays.copyOf(connections, 2 * fd);
      }
      connections[fd] = this;
      open++;
    }

    /** Something has happened: input, room for output, an error or an end. */
    private void hear() {
      untold |= readable; // As if two signals were one: it may be data, and then a FIN.
      readable = true;
      writable = true;
      run();
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

    private void run() {
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

    /** Less than the buffer was all there was, and of more there will be a signal. */
    private ByteBuffer receive() throws IOException {
      int count = in.recv(fd);
      endOfInput |= count < 0;
      untold &= count != 0;
      readable = untold || count == in.bytes().capacity();
      activeSinceCheck |= count != 0;
      return in.bytes();
    }

    /** Less than all was what there was room for, and of more room there will be a signal. */
    private void send(ByteBuffer bytes) throws IOException {
      int length = bytes.remaining();
      writable = out.send(fd, bytes) == length;
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
        Libc.close(fd);
        acceptPaused = false; // If descriptors have run out, there is one now.
      }
    }
  }

  @Override
  public void close() {
    stopping = true;
    Signals loop = signals;
    if (loop != null) {
      loop.wakeUp();
    }
    terminated.handle((_, _) -> null).join();
  }

  /** Serves on until every client has nothing more to say and is owed nothing. */
  private void drain(Signals signals) throws IOException {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    long nextLook = System.nanoTime();
    accept(
        signals,
        config.backlog() + 1); // To close the listener resets those that wait in its queue.
    stopListening();
    while (open > 0 && System.nanoTime() - deadline < 0) {
      await(signals);
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
    Libc.close(listener);
    Libc.close(datagrams);
    listener = NONE;
    datagrams = NONE;
    pendingAccepts = false;
    pendingDatagrams = false;
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
          pendingDatagrams = false;
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
