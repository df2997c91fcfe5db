package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Work;
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
import java.util.HashSet;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * Slow work beside a selector: the loop must never work itself, or nobody else would be answered;
 * so what takes long goes to a pool, and comes back through a queue, with a {@code wakeup()} for
 * the loop, which waits for sockets and would not notice. Which client waits for which work is
 * written down; if the client is gone, the work is interrupted, or taken out of the pool's queue,
 * where others want its place.
 */
final class SelectorOffload implements Server {

  private static final System.Logger LOG = System.getLogger(SelectorServer.NAME + "-offload");
  private static final int BUFFER_SIZE = 2 * 1024;
  private static final int MAX_ACCEPTS = 64;
  private static final long TICK_MILLIS = 50;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final Selector selector = Selector.open();
  private final ServerSocketChannel listener;
  private final SelectionKey listening;
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;
  private final Set<Client> clients = new HashSet<>();
  private final ThreadPoolExecutor pool;

  /** Those whose work is done; filled by the pool, emptied by the loop. */
  private final Queue<Client> finished = new ConcurrentLinkedQueue<>();

  private boolean acceptPaused;
  private long acceptResumeAt;
  private volatile boolean stopping;

  SelectorOffload(ProgramConfig config) throws IOException {
    this.config = config;
    pool =
        new ThreadPoolExecutor(
            config.workers(),
            config.workers(),
            0,
            MILLISECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            Thread.ofPlatform()
                .daemon()
                .name(SelectorServer.NAME + "-offload-worker-", 1)
                .factory());
    try {
      startWorkers();
      listener = ServerSocketChannel.open();
      listening = listener.configureBlocking(false).register(selector, OP_ACCEPT);
      listening.attach((Runnable) () -> accept(MAX_ACCEPTS));
      listener.setOption(SO_REUSEADDR, true);
      Network.with(config.address(), it -> listener.bind(it, config.backlog()));
      address = (InetSocketAddress) listener.getLocalAddress();
      terminated = Network.startThread(SelectorServer.NAME + "-offload", this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  /**
   * All of them now: a server that gets no thread later on would have taken the request already.
   */
  private void startWorkers() throws IOException {
    try {
      pool.prestartAllCoreThreads();
    } catch (OutOfMemoryError e) {
      throw Network.noThread("a worker", e);
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
    boolean timed = acceptPaused || stopping;
    selector.select(key -> ((Runnable) key.attachment()).run(), timed ? TICK_MILLIS : 0);
    if (acceptPaused && acceptResumeAt - System.nanoTime() <= 0) {
      resumeAccepting();
    }
    for (Client next = finished.poll(); next != null; next = finished.poll()) {
      next.answer();
    }
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int limit) {
    try {
      for (int i = 0; i < limit; i++) {
        SocketChannel peer = listener.accept();
        if (peer == null) {
          return;
        }
        begin(peer);
      }
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

  private void begin(SocketChannel peer) {
    try {
      peer.setOption(TCP_NODELAY, true);
      clients.add(new Client(peer));
    } catch (IOException _) {
      quietly(peer); // It is gone already.
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A client was turned away.", e);
      quietly(peer);
    }
  }

  // end::accept[]

  /** A client: what it has said, what is done for it, and what it has not been sent yet. */
  private final class Client implements Runnable {

    private final SocketChannel peer;
    private final SelectionKey key;
    private final LineReader lines = new LineReader();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
    private ByteBuffer unsent = ByteBuffer.allocate(0);
    private Optional<FutureTask<String>> working = Optional.empty();

    /** Its FIN has come. */
    private boolean ended;

    /** It will be answered no more: an error was the last word. */
    private boolean refused;

    Client(SocketChannel peer) throws IOException {
      this.peer = peer;
      this.key = peer.configureBlocking(false).register(selector, OP_READ, this);
    }

    // tag::read[]
    @Override
    public void run() {
      if (!key.isValid()) {
        return; // It was closed in somebody else's turn.
      }
      try {
        if (key.isReadable()) {
          ended |= peer.read(in) < 0;
        }
        advance();
      } catch (IOException _) {
        gone(); // Nobody wants its answer any more.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A client failed.", e);
        gone();
      }
    }

    private void advance() throws IOException {
      if (unsent.hasRemaining()) {
        peer.write(unsent);
      }
      in.flip();
      while (!refused && working.isEmpty() && !unsent.hasRemaining()) {
        Optional<String> line = nextLine();
        if (line.isEmpty()) {
          break;
        }
        take(line.get());
      }
      if (refused) {
        in.position(in.limit()); // Read, or else closing would reset; but not heeded any more.
      }
      in.compact();
      boolean idle = working.isEmpty() && !unsent.hasRemaining();
      if (idle && (refused || ended)) {
        peer.shutdownOutput();
      }
      if (idle && ended) {
        gone();
      } else { // To read ahead, a little, is how a reset is noticed; to read on without end is not.
        int reading = ended || !in.hasRemaining() ? 0 : OP_READ;
        key.interestOps(reading | (unsent.hasRemaining() ? OP_WRITE : 0));
      }
    }

    private Optional<String> nextLine() throws IOException {
      try {
        return lines.next(in);
      } catch (LineTooLongException _) {
        refuse(LineTooLongException.ANSWER);
        return Optional.empty();
      }
    }

    private void refuse(String why) throws IOException {
      refused = true;
      send(why);
    }

    private void send(String text) throws IOException {
      unsent = ByteBuffer.wrap(text.getBytes(UTF_8));
      peer.write(unsent);
    }

    private void take(String line) throws IOException {
      Optional<Work> work = Work.of(line, config.folder());
      if (work.isEmpty()) {
        refuse(Work.EXPECTED);
        return;
      }
      switch (work.get()) {
        case Work.Ping _ -> send(Work.PONG);
        case Work.Slow slow -> elsewhere(slow);
      }
    }

    // end::read[]

    // tag::work[]
    private void elsewhere(Work.Slow work) throws IOException {
      FutureTask<String> task =
          new FutureTask<>(work::answer) {
            @Override
            protected void done() {
              finished.add(Client.this);
              selector.wakeup();
            }
          };
      try {
        pool.execute(task);
        working = Optional.of(task);
      } catch (RejectedExecutionException _) {
        send(Work.BUSY);
      }
    }

    /** Back on the loop. */
    void answer() {
      Optional<FutureTask<String>> done = working.filter(FutureTask::isDone);
      if (done.isEmpty() || !peer.isOpen()) {
        return;
      }
      working = Optional.empty();
      try {
        send(done.get().resultNow());
        advance();
      } catch (IOException _) {
        gone();
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A request failed.", e);
        gone();
      }
    }

    // end::work[]

    // tag::close[]
    private void gone() {
      quietly(peer);
      clients.remove(this);
      working.ifPresent(it -> it.cancel(true)); // If it runs, an interrupt ends it;
      working.ifPresent(pool::remove); // if not, others want its place in the queue.
      resumeAccepting();
    }

    /** Has nothing more to say, and goes when it is owed nothing. */
    void leave() {
      ended = true;
      try {
        advance();
      } catch (IOException _) {
        gone();
      }
    }
    // end::close[]
  }

  // tag::close[]
  @Override
  public void close() {
    stopping = true;
    selector.wakeup();
    terminated.handle((_, _) -> null).join();
  }

  /** Clients have nothing more to say; what they are owed is delivered, in the grace period. */
  private void drain() throws IOException {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    accept(config.backlog() + 1); // All that wait: to close the listener would reset them.
    quietly(listener);
    for (int i = 0; i < 2; i++) { // What they had said before, and then whether they are gone.
      selector.selectNow(key -> ((Runnable) key.attachment()).run());
    }
    Set.copyOf(clients).forEach(Client::leave);
    while (!clients.isEmpty() && System.nanoTime() - deadline < 0) {
      await();
    }
  }

  private void closeAll() {
    pool.shutdownNow(); // What still works works for nobody.
    selector.keys().forEach(key -> quietly(key.channel()));
    quietly(selector); // Only now are the descriptors of channels that were registered let go.
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
