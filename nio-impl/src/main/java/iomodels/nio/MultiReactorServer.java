package iomodels.nio;

import static iomodels.nio.Buffers.retainRemainder;
import static iomodels.nio.Network.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
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
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Several Reactors: an acceptor, whose selector watches the listener and the UDP socket, and a loop
 * for each core, whose selector watches the connections that were handed over to it, in turn. Each
 * of these threads waits in its own {@code select}, nowhere else. A connection stays with its loop,
 * so that nothing in it needs a lock, and each loop has buffers of its own: an idle connection has
 * none. The loops share what the acceptor gives them and the order to stop, no more.
 *
 * <p>It uses all cores, where {@link SelectorServer} uses one. The price: who is given a busy loop
 * does not profit from an idle one, and whatever takes long still delays everybody on its loop. A
 * loop that dies takes the server with it.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3. D. Lea, <i>Scalable IO in Java</i>, calls the pattern multiple Reactors.
 */
final class MultiReactorServer implements Server {

  static final String NAME = "nio-multireactor";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int LOOPS = Runtime.getRuntime().availableProcessors();
  private static final int BUFFER_SIZE = 64 * 1024;

  /** A loop goes from turn to turn: what may be done in one is bounded. */
  private static final int MAX_ACCEPTS = 64;

  private static final int MAX_DATAGRAMS = 16;

  /**
   * How often a loop looks at the time while there is a time to look out for. While the server
   * stops, a client that says nothing for that long has nothing more to say.
   */
  private static final long TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final List<Loop> loops = new ArrayList<>();
  private final Selector selector = Selector.open();
  private final Listener listener;
  private final CompletableFuture<Void> terminated;

  /** Whose turn it is to be given a connection. */
  private int next;

  /** A loop has released a descriptor. */
  private volatile boolean descriptorFreed;

  private volatile boolean stopping;

  MultiReactorServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    try {
      listener =
          Listener.bind(selector, config.address(), config.backlog(), () -> accept(MAX_ACCEPTS));
      Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
      if (responder.isPresent()) {
        ByteBuffer in = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
        ByteBuffer out = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
        DatagramChannel datagrams = DatagramChannel.open();
        register(selector, datagrams, OP_READ, () -> answer(datagrams, responder.get(), in, out));
        datagrams.bind(listener.address());
      }
      for (int i = 0; i < LOOPS; i++) {
        loops.add(new Loop());
      }
      List<CompletableFuture<Void>> threads = new ArrayList<>();
      for (Loop loop : loops) {
        threads.add(Network.startThread(NAME + "-loop", loop));
      }
      threads.add(Network.startThread(NAME + "-acceptor", this::run));
      terminated =
          CompletableFuture.allOf(threads.toArray(CompletableFuture<?>[]::new))
              .whenComplete((_, _) -> loops.forEach(Loop::turnAway));
    } catch (Throwable e) {
      closeAll(selector);
      loops.forEach(it -> closeAll(it.selector));
      throw e;
    }
  }

  private static SelectionKey register(
      Selector selector, SelectableChannel channel, int interest, Runnable turn)
      throws IOException {
    return channel.configureBlocking(false).register(selector, interest, turn);
  }

  /** The acceptor. The loops are told to stop once nothing more can be handed over to them. */
  private void run() {
    try {
      while (!stopping) {
        selector.select(MultiReactorServer::giveTurn, listener.isPaused() ? TICK_MILLIS : 0);
        if (descriptorFreed) {
          descriptorFreed = false;
          listener.resume();
        }
        listener.resumeIfDue(System.nanoTime());
      }
      accept(config.backlog() + 1); // All that wait: to close the listener would reset them.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      closeAll(selector);
      loops.forEach(Loop::stop);
    }
  }

  private static void giveTurn(SelectionKey key) {
    ((Runnable) key.attachment()).run();
  }

  // tag::accept[]
  private void accept(int limit) {
    for (int i = 0; i < limit; i++) {
      SocketChannel peer = listener.accept();
      if (peer == null) {
        return;
      }
      loops.get(next).handOver(peer);
      next = (next + 1) % LOOPS;
    }
  }

  /** By a loop that has released a descriptor. */
  private void resumeAccepting() {
    descriptorFreed = true;
    selector.wakeup();
  }

  // end::accept[]

  /** A Reactor: a thread, its selector, its buffers and its connections. */
  private final class Loop implements Runnable {

    private final Selector selector = Selector.open();
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);

    /** Those that were handed over and are not registered yet; the acceptor adds to it. */
    private final Queue<SocketChannel> arrivals = new ConcurrentLinkedQueue<>();

    /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
    private final Queue<Connection> lingering = new ArrayDeque<>();

    /** Whether a connection has been closed, whose descriptor the next select releases. */
    private boolean releasing;

    private volatile boolean draining;

    Loop() throws IOException {}

    /** By the acceptor's thread. */
    void handOver(SocketChannel peer) {
      arrivals.add(peer);
      selector.wakeup();
    }

    /** By the acceptor's thread, as the last that it does. */
    void stop() {
      draining = true;
      selector.wakeup();
    }

    @Override
    public void run() {
      try {
        while (!draining) {
          await();
        }
        drain();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        closeAll(selector);
        MultiReactorServer.this.stop(); // If it died, nobody else has said so.
      }
    }

    // tag::wait[]
    private void await() throws IOException {
      boolean timed = draining || !lingering.isEmpty();
      selector.select(MultiReactorServer::giveTurn, timed ? TICK_MILLIS : 0);
      while (releasing && listener.isPaused()) {
        releasing = false;
        selector.selectNow(MultiReactorServer::giveTurn); // It releases the descriptor.
        resumeAccepting();
      }
      for (SocketChannel peer; (peer = arrivals.poll()) != null; ) {
        welcome(peer);
      }
      if (timed) {
        long now = System.nanoTime();
        while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
          lingering.remove().end();
        }
      }
    }

    // end::wait[]

    private void welcome(SocketChannel peer) {
      try {
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        new Connection(peer);
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "A client was turned away.", e);
        closeQuietly(peer);
      }
    }

    /** Serves on until every client has nothing more to say and is owed nothing. */
    private void drain() throws IOException {
      long deadline = System.nanoTime() + config.gracePeriod().toNanos();
      long nextLook = System.nanoTime();
      do {
        await();
        if (System.nanoTime() - nextLook >= 0) {
          nextLook = System.nanoTime() + MILLISECONDS.toNanos(TICK_MILLIS);
          for (SelectionKey key : selector.keys()) {
            if (key.isValid() && key.attachment() instanceof Connection it) {
              it.closeIfIdle();
            }
          }
        }
      } while (selector.keys().stream().anyMatch(SelectionKey::isValid)
          && System.nanoTime() - deadline < 0);
    }

    /** When all threads have ended: those that were handed over to a loop that had died. */
    void turnAway() {
      arrivals.forEach(Network::closeQuietly);
    }

    /** One client: what a thread of its own would have on its stack. */
    private final class Connection implements Runnable {

      private final SocketChannel peer;
      private final Session session = service.open();
      private final SelectionKey key;

      private Progress progress = Progress.UNDERFLOW;
      private boolean endOfInput;

      /** Input not taken yet, and output not sent yet. */
      private ByteBuffer unread = Buffers.EMPTY;

      private ByteBuffer unsent = Buffers.EMPTY;

      private boolean outputShutdown;
      private long deadline;

      /** Whether input has arrived since the last idle check. */
      private boolean activeSinceCheck = true;

      Connection(SocketChannel peer) throws IOException {
        this.peer = peer;
        this.key = register(selector, peer, OP_READ, this);
      }

      @Override
      public void run() {
        try {
          if (outputShutdown) {
            discard();
          } else {
            converse();
          }
        } catch (IOException _) {
          end(); // The peer has gone: that costs only its connection.
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A session failed.", e);
          end();
        }
      }

      // tag::converse[]
      /**
       * One turn: at most a read, an advance and a write, so that no connection delays the others
       * for long.
       */
      private void converse() throws IOException {
        if (unsent.hasRemaining()) {
          peer.write(unsent);
        }
        if (!unsent.hasRemaining() && progress != Progress.FINISHED) {
          ByteBuffer input = progress == Progress.OVERFLOW ? unread : receive();
          progress = session.advance(input, out.clear(), endOfInput);
          if (out.flip().hasRemaining()) {
            peer.write(out);
          }
          unread = retainRemainder(input);
          unsent = retainRemainder(out);
        }
        boolean owed = progress == Progress.OVERFLOW || unsent.hasRemaining();
        if (progress == Progress.FINISHED && !owed) {
          shutdownOutput();
        } else { // Not to read while it is owed something is back-pressure. Free unless it changes.
          key.interestOps(owed ? OP_WRITE : OP_READ);
        }
      }

      private ByteBuffer receive() throws IOException {
        endOfInput |= peer.read(in.clear()) < 0;
        activeSinceCheck = true;
        return in.flip();
      }

      // end::converse[]

      // tag::close[]
      private void shutdownOutput() throws IOException {
        peer.shutdownOutput();
        if (endOfInput) {
          end();
        } else {
          outputShutdown = true;
          deadline = System.nanoTime() + config.linger().toNanos();
          lingering.add(this);
          key.interestOps(OP_READ);
        }
      }

      /**
       * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
       */
      private void discard() throws IOException {
        if (peer.read(in.clear()) < 0) {
          end();
        }
      }

      private void end() {
        closeQuietly(peer);
        releasing = true;
      }

      /**
       * While the server stops: what is quiet is taken for having ended its input. What lingers
       * stays until its deadline, since the last reply may still be on its way.
       */
      private void closeIfIdle() {
        if (!activeSinceCheck && progress == Progress.UNDERFLOW && !unsent.hasRemaining()) {
          endOfInput = true;
          run();
        }
        activeSinceCheck = false;
      }
    }
  }

  @Override
  public void close() {
    stop();
    terminated.handle((_, _) -> null).join();
  }

  /** Ends the acceptor, which ends the loops. */
  private void stop() {
    stopping = true;
    selector.wakeup();
  }

  private static void closeAll(Selector selector) {
    selector.keys().forEach(key -> closeQuietly(key.channel()));
    closeQuietly(selector); // Only now are the descriptors of channels that were registered let go.
  }

  // end::close[]

  /**
   * On a wildcard address a reply may come from another address than the one that was addressed:
   * the kernel chooses it, and the JDK does not tell which one that was ({@code IP_PKTINFO}).
   */
  private static void answer(
      DatagramChannel datagrams, Responder responder, ByteBuffer in, ByteBuffer out) {
    try {
      for (int i = 0; i < MAX_DATAGRAMS; i++) {
        SocketAddress sender = datagrams.receive(in.clear());
        if (sender == null) {
          return;
        }
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
    return listener.address();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
