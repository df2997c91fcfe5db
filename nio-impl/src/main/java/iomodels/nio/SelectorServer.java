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
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/**
 * A Reactor: one thread, and one {@link Selector} that watches the listener, every connection and
 * the UDP socket together. It waits in {@code select}, nowhere else, and is told which sockets are
 * ready; then each of them has one turn, whose calls return at once. What a blocking thread keeps
 * on its stack, where in the conversation it is and what is still to be sent, has to be kept in an
 * object here. The price: whatever takes long delays everybody.
 *
 * <p>An idle connection has no buffer. The loop has two for all; only while a peer owes it room
 * does a connection keep a copy of what is left.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3; TCP and UDP in one loop are section 8.15. The pattern is D. C. Schmidt's <i>Reactor</i>.
 */
final class SelectorServer implements Server {

  static final String NAME = "nio-selector";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 64 * 1024;

  /** A loop goes from turn to turn: what may be done in one is bounded. */
  private static final int MAX_ACCEPTS = 64;

  private static final int MAX_DATAGRAMS = 16;

  /**
   * How often the loop looks at the time while there is a time to look out for. While the server
   * stops, a client that says nothing for that long has nothing more to say.
   */
  private static final long TICK_MILLIS = 50;

  private final ServerConfig config;
  private final Service service;
  private final Selector selector = Selector.open();
  private final Listener listener;
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);

  /** Those that have finished and wait for the peer's FIN, in the order of their deadlines. */
  private final Queue<Connection> lingering = new ArrayDeque<>();

  private volatile boolean stopping;

  SelectorServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    try {
      listener =
          Listener.bind(selector, config.address(), config.backlog(), () -> accept(MAX_ACCEPTS));
      Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
      if (responder.isPresent()) {
        DatagramChannel datagrams = DatagramChannel.open();
        register(datagrams, OP_READ, () -> answer(datagrams, responder.get()));
        datagrams.bind(listener.address());
      }
      terminated = Network.startThread(NAME + "-loop", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private SelectionKey register(SelectableChannel channel, int interest, Runnable turn)
      throws IOException {
    return channel.configureBlocking(false).register(selector, interest, turn);
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
    boolean timed = listener.isPaused() || stopping || !lingering.isEmpty();
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    if (timed) {
      long now = System.nanoTime();
      listener.resumeIfDue(now);
      while (!lingering.isEmpty() && lingering.peek().deadline - now <= 0) {
        lingering.remove().end();
      }
    }
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int limit) {
    for (int i = 0; i < limit; i++) {
      SocketChannel peer = listener.accept();
      if (peer == null) {
        return;
      }
      try {
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        new Connection(peer);
      } catch (IOException | RuntimeException e) {
        LOG.log(WARNING, "A client was turned away.", e);
        closeQuietly(peer);
      }
    }
  }

  // end::accept[]

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
      this.key = register(peer, OP_READ, this);
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
     * One turn: at most a read, an advance and a write, so that no connection delays the others for
     * long.
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
      listener.resume(); // The next select releases the descriptor before it waits.
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
  }

  @Override
  public void close() {
    stopping = true;
    selector.wakeup();
    terminated.handle((_, _) -> null).join();
  }

  /**
   * Accepts all that wait in the backlog, since to close the listener would reset them. Then serves
   * on until every client has nothing more to say and is owed nothing.
   */
  private void drain() throws IOException {
    accept(config.backlog() + 1); // No more can wait there.
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    long nextLook = System.nanoTime();
    for (SelectionKey key : selector.keys()) {
      if (!(key.attachment() instanceof Connection)) {
        closeQuietly(key.channel());
      }
    }
    while (selector.keys().stream().anyMatch(SelectionKey::isValid)
        && System.nanoTime() - deadline < 0) {
      await();
      if (System.nanoTime() - nextLook >= 0) {
        nextLook = System.nanoTime() + MILLISECONDS.toNanos(TICK_MILLIS);
        for (SelectionKey key : selector.keys()) {
          if (key.isValid() && key.attachment() instanceof Connection it) {
            it.closeIfIdle();
          }
        }
      }
    }
  }

  private void closeAll() {
    selector.keys().forEach(key -> closeQuietly(key.channel()));
    closeQuietly(selector); // Only now are the descriptors of channels that were registered let go.
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
