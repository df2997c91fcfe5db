package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_LINGER;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The forwarder as a state machine: one thread, one selector, and for each direction of each client
 * an object that knows where it is. All that elsewhere comes free is written here: back-pressure is
 * which events a socket is to be told of; a half-close is a flag; that an upstream has not accepted
 * yet is a state, and a deadline in a queue.
 */
final class SelectorRelay implements Server {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-relay");
  private static final int BUFFER_SIZE = 64 * 1024;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final int MAX_ACCEPTS = 64;
  private static final long TICK_MILLIS = 50;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final Selector selector = Selector.open();
  private final ServerSocketChannel listener;
  private final SelectionKey listening;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final Set<Pair> pairs = new HashSet<>();

  /** Those whose upstream has not accepted yet, in the order of their deadlines. */
  private final Queue<Pair> connecting = new ArrayDeque<>();

  private boolean acceptPaused;
  private long acceptResumeAt;
  private volatile boolean stopping;

  SelectorRelay(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener = ServerSocketChannel.open();
      listening = listener.configureBlocking(false).register(selector, OP_ACCEPT);
      listening.attach((Runnable) () -> accept(MAX_ACCEPTS));
      listener.setOption(SO_REUSEADDR, true);
      Network.with(config.address(), it -> listener.bind(it, config.backlog()));
      address = (InetSocketAddress) listener.getLocalAddress();
      config.demandUpstreamElsewhere(address);
      terminated = Network.startThread(SelectorServer.NAME + "-relay", this::run);
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
    boolean timed = acceptPaused || stopping || !connecting.isEmpty();
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    long now = System.nanoTime();
    if (acceptResumeAt - now <= 0) {
      resumeAccepting();
    }
    while (!connecting.isEmpty() && connecting.peek().isDueBy(now)) {
      connecting.remove().giveUpConnecting();
    }
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int limit) {
    try {
      for (int i = 0; i < limit && acceptOne(); i++) {}
    } catch (IOException _) {
      listening.interestOps(0); // Out of descriptors: neither die nor spin, and serve the others.
      acceptResumeAt = System.nanoTime() + ACCEPT_PAUSE;
      acceptPaused = true;
    }
  }

  /** A connection has ended, or the pause is over: there may be descriptors again. */
  private void resumeAccepting() {
    if (acceptPaused && listening.isValid()) {
      acceptPaused = false;
      listening.interestOps(OP_ACCEPT);
    }
  }

  /**
   * Accepts a client, if there is one. The socket for its upstream is opened first: while none can
   * be had, the client waits in the backlog.
   */
  private boolean acceptOne() throws IOException {
    SocketChannel upstream = SocketChannel.open();
    SocketChannel client = null;
    try {
      client = listener.accept();
    } finally {
      if (client == null) {
        quietly(upstream);
      }
    }
    if (client == null) {
      return false;
    }
    Pair pair = new Pair(client, upstream);
    pairs.add(pair);
    pair.connect();
    return true;
  }

  // end::accept[]

  /** A client, its upstream, and what is on its way between the two. */
  private final class Pair implements Runnable {

    private final SocketChannel client;
    private final SocketChannel upstream;
    private final Direction there;
    private final Direction back;
    private List<SelectionKey> keys = List.of();
    private boolean connected;
    private long deadline;

    Pair(SocketChannel client, SocketChannel upstream) {
      this.client = client;
      this.upstream = upstream;
      there = new Direction(client, upstream);
      back = new Direction(upstream, client);
    }

    // tag::connect[]
    void connect() {
      try {
        client.setOption(TCP_NODELAY, true);
        upstream.setOption(TCP_NODELAY, true);
        keys =
            List.of(
                client.configureBlocking(false).register(selector, OP_READ, this),
                upstream.configureBlocking(false).register(selector, OP_CONNECT, this));
        deadline = System.nanoTime() + config.deadline().toNanos();
        if (Network.with(config.upstreams().getFirst(), upstream::connect)) {
          run();
        } else {
          connecting.add(this);
        }
      } catch (IOException _) {
        reset();
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A client was turned away.", e);
        reset();
      }
    }

    boolean isDueBy(long now) {
      return connected || !upstream.isOpen() || deadline - now <= 0;
    }

    void giveUpConnecting() {
      if (!connected) {
        reset();
      }
    }

    // end::connect[]

    // tag::relay[]
    @Override
    public void run() {
      try {
        if (!connected && !upstream.finishConnect()) {
          there.readAhead();
          keys.getFirst().interestOps(there.hasRoom() ? OP_READ : 0);
          return;
        }
        connected = true;
        there.advance();
        back.advance();
        if (there.isDone() && back.isDone()) {
          end();
        } else {
          keys.getFirst().interestOps(there.wants(OP_READ) | back.wants(OP_WRITE));
          keys.getLast().interestOps(back.wants(OP_READ) | there.wants(OP_WRITE));
        }
      } catch (IOException _) {
        reset(); // One of the two is gone, and what was carried is not the whole.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A relay failed.", e);
        reset();
      }
    }

    // end::relay[]

    // tag::close[]
    private void end() {
      quietly(client);
      quietly(upstream);
      pairs.remove(this);
      resumeAccepting();
    }

    void reset() {
      SelectorRelay.reset(client);
      SelectorRelay.reset(upstream);
      pairs.remove(this);
      resumeAccepting();
    }
    // end::close[]
  }

  // tag::relay[]
  /** One way, and what has been read but not written: a thread would have it on its stack. */
  private final class Direction {

    private final SocketChannel from;
    private final SocketChannel to;
    private ByteBuffer unsent = NOTHING;
    private boolean ended;
    private boolean finPassedOn;

    Direction(SocketChannel from, SocketChannel to) {
      this.from = from;
      this.to = to;
    }

    /** At most one read and one write, so that nobody waits long for a flooder. */
    void advance() throws IOException {
      if (unsent.hasRemaining()) {
        to.write(unsent);
      }
      if (!unsent.hasRemaining() && !ended) {
        ended = from.read(buffer.clear()) < 0;
        if (buffer.flip().hasRemaining()) {
          to.write(buffer);
        }
        unsent = copy(buffer);
      }
      if (ended && !unsent.hasRemaining() && !finPassedOn) {
        to.shutdownOutput();
        finPassedOn = true;
      }
    }

    /**
     * Only a read shows that the peer is gone; so some are made while there is nowhere to write.
     */
    void readAhead() throws IOException {
      if (hasRoom()) {
        ended = from.read(buffer.clear().put(unsent)) < 0;
        unsent = copy(buffer.flip());
      }
    }

    boolean hasRoom() {
      return !ended && unsent.capacity() < BUFFER_SIZE;
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
      return bytes.hasRemaining()
          ? ByteBuffer.allocate(bytes.remaining()).put(bytes).flip()
          : NOTHING;
    }

    /** Not to read while there is something unsent is back-pressure. */
    int wants(int operation) {
      boolean wanted =
          operation == OP_WRITE ? unsent.hasRemaining() : !ended && !unsent.hasRemaining();
      return wanted ? operation : 0;
    }

    boolean isDone() {
      return finPassedOn;
    }
  }

  // end::relay[]

  // tag::close[]
  @Override
  public void close() {
    stopping = true;
    selector.wakeup();
    terminated.handle((_, _) -> null).join();
  }

  /** Waits for conversations to end by themselves, and after the grace period ends them. */
  private void drain() throws IOException {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    accept(config.backlog() + 1); // All that wait: to close the listener would reset them.
    quietly(listener);
    while (!pairs.isEmpty() && System.nanoTime() - deadline < 0) {
      await();
    }
    Set.copyOf(pairs).forEach(Pair::reset);
  }

  private void closeAll() {
    selector.keys().forEach(key -> quietly(key.channel()));
    quietly(selector); // Only now are the descriptors of channels that were registered let go.
  }

  /** Not FIN but RST: what was carried is not the whole. */
  private static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(SO_LINGER, 0);
    } catch (IOException _) {
      // It is closed already.
    }
  }

  private static void quietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // Reset by its peer: there is nothing left to close.
    }
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
