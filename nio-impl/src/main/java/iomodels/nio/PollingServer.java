package iomodels.nio;

import static iomodels.nio.Buffers.retainRemainder;
import static iomodels.nio.Network.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.MICROSECONDS;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

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
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Non-blocking sockets, asked in turn. Nobody tells the one thread which of them is ready, so it
 * goes round and asks: the listener, the UDP socket, every connection; each call returns at once,
 * mostly with nothing. It waits nowhere. It burns its core, with a thousand clients or with none,
 * and that is no fault of this page but the model itself; a round costs a system call for each
 * connection, idle or not, and so grows with their number.
 *
 * <p>What is right about it is all that a loop has to get right anyway: an answer of "nothing" is
 * not an end, an end is, a write may take less than it was given, and each connection has one turn
 * a round. An idle connection has no buffer.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.2, which calls it a waste of CPU time; non-blocking sockets are chapter 16.
 */
final class PollingServer implements Server {

  static final String NAME = "nio-polling";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 64 * 1024;

  /** A round goes on to everybody: what may be done in one turn is bounded. */
  private static final int MAX_ACCEPTS = 64;

  private static final int MAX_DATAGRAMS = 16;

  /** An accept makes garbage even if nobody is there, so not every round asks for it. */
  private static final long ACCEPT_INTERVAL = MICROSECONDS.toNanos(100);

  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  /** While the server stops, a client that says nothing for that long has nothing more to say. */
  private static final long QUIET = MILLISECONDS.toNanos(50);

  private final ServerConfig config;
  private final Service service;
  private final List<Closeable> sockets = new ArrayList<>();
  private final ServerSocketChannel listener;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final List<Connection> connections = new ArrayList<>();

  /** When this round began, and whether anything has happened in it. */
  private long now = System.nanoTime();

  private boolean busy;

  private long nextAccept = now;

  private volatile boolean stopping;

  PollingServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    List<Runnable> turns = new ArrayList<>();
    try {
      listener = ServerSocketChannel.open();
      sockets.add(listener);
      listener.configureBlocking(false);
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      Network.with(config.address(), it -> listener.bind(it, config.backlog()));
      address = (InetSocketAddress) listener.getLocalAddress();
      turns.add(() -> accept(MAX_ACCEPTS));
      Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
      if (responder.isPresent()) {
        DatagramChannel datagrams = DatagramChannel.open();
        sockets.add(datagrams);
        datagrams.configureBlocking(false);
        datagrams.bind(address);
        turns.add(() -> answer(datagrams, responder.get()));
      }
      terminated = Network.startThread(NAME + "-loop", () -> run(turns));
    } catch (Throwable e) {
      sockets.forEach(Network::closeQuietly);
      throw e;
    }
  }

  private void run(List<Runnable> turns) {
    try {
      while (!stopping) {
        turns.forEach(Runnable::run);
        await();
      }
      drain();
    } finally {
      sockets.forEach(Network::closeQuietly);
      connections.forEach(it -> closeQuietly(it.peer));
    }
  }

  // tag::wait[]
  /** Asks every connection once. It waits for none, and so it does not wait. */
  @SuppressWarnings("ThreadPriorityCheck") // It relies on the scheduler for courtesy only.
  private void await() {
    for (Connection it : connections) {
      it.turn();
    }
    if (connections.removeIf(Connection::hasEnded)) {
      nextAccept = now; // There is a descriptor again.
    }
    if (!busy) {
      Thread.yield(); // Lets those have the core who want it; if nobody does, it is burnt.
    }
    busy = false;
    now = System.nanoTime();
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int limit) {
    if (now - nextAccept < 0) {
      return;
    }
    try {
      nextAccept = now + ACCEPT_INTERVAL;
      for (int i = 0; i < limit; i++) {
        SocketChannel peer = listener.accept();
        if (peer == null) {
          return;
        }
        busy = true;
        try {
          peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
          peer.configureBlocking(false);
          connections.add(new Connection(peer));
        } catch (IOException | RuntimeException e) {
          LOG.log(WARNING, "A client was turned away.", e);
          closeQuietly(peer);
        }
      }
    } catch (IOException _) {
      nextAccept = now + ACCEPT_PAUSE; // Out of descriptors: don't die, and serve the others.
    }
  }

  // end::accept[]

  /** One client: what a thread of its own would have on its stack. */
  private final class Connection {

    private final SocketChannel peer;
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

    Connection(SocketChannel peer) {
      this.peer = peer;
    }

    void turn() {
      try {
        if (outputShutdown) {
          discard();
        } else {
          converse();
        }
      } catch (IOException _) {
        closeQuietly(peer); // The peer has gone: that costs only its connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
        closeQuietly(peer);
      }
    }

    // tag::converse[]
    /** One turn: at most a read, an advance and a write, so that the round goes on. */
    private void converse() throws IOException {
      if (unsent.hasRemaining()) {
        busy |= peer.write(unsent) > 0;
      } else if (progress == Progress.OVERFLOW) {
        say(unread);
      } else if (receive()) { // Not asked while it is owed something: that is back-pressure.
        say(in);
      }
      if (progress == Progress.FINISHED && !unsent.hasRemaining()) {
        shutdownOutput();
      }
    }

    private void say(ByteBuffer input) throws IOException {
      busy = true;
      progress = session.advance(input, out.clear(), endOfInput);
      if (out.flip().hasRemaining()) {
        peer.write(out);
      }
      unread = retainRemainder(input);
      unsent = retainRemainder(out);
    }

    /** Whether there is news: bytes, or their end. */
    private boolean receive() throws IOException {
      int count = endOfInput ? -1 : peer.read(in.clear());
      in.flip();
      endOfInput = count < 0;
      activeSinceCheck |= count != 0;
      return count != 0;
    }

    // end::converse[]

    // tag::close[]
    private void shutdownOutput() throws IOException {
      peer.shutdownOutput();
      if (endOfInput) {
        peer.close();
      } else {
        outputShutdown = true;
        deadline = now + config.linger().toNanos();
      }
    }

    /**
     * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
     */
    private void discard() throws IOException {
      receive();
      if (endOfInput || deadline - now <= 0) {
        peer.close();
      }
    }

    /**
     * While the server stops: what is quiet is taken for having ended its input. What lingers stays
     * until its deadline, since the last reply may still be on its way.
     */
    private void closeIfIdle() {
      if (!activeSinceCheck && !unsent.hasRemaining() && progress == Progress.UNDERFLOW) {
        endOfInput = true;
      }
      activeSinceCheck = false;
    }

    private boolean hasEnded() {
      return !peer.isOpen();
    }
  }

  @Override
  public void close() {
    stopping = true;
    terminated.handle((_, _) -> null).join();
  }

  /**
   * Accepts all that wait in the backlog, since to close the listener would reset them. Then serves
   * on until every client has nothing more to say and is owed nothing.
   */
  private void drain() {
    nextAccept = now;
    accept(config.backlog() + 1); // No more can wait there.
    sockets.forEach(Network::closeQuietly);
    long deadline = now + config.gracePeriod().toNanos();
    long nextLook = now;
    while (!connections.isEmpty() && now - deadline < 0) {
      if (now - nextLook >= 0) {
        nextLook = now + QUIET;
        connections.forEach(Connection::closeIfIdle);
      }
      await();
    }
  }

  // end::close[]

  /**
   * On a wildcard address a reply may come from another address than the one that was addressed:
   * the kernel chooses it, and the JDK does not tell which one that was ({@code IP_PKTINFO}).
   */
  private void answer(DatagramChannel datagrams, Responder responder) {
    try {
      for (int i = 0; i < MAX_DATAGRAMS; i++) {
        SocketAddress sender = datagrams.receive(in.clear());
        if (sender == null) {
          return;
        }
        busy = true;
        responder.reply(in.flip(), out.clear());
        datagrams.send(out.flip(), sender); // No room in the kernel? Datagrams may be lost.
      }
    } catch (IOException _) {
      // One reply that could not be sent.
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
