package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The server around a program: an event loop with one thread, one selector, timers, and tasks from
 * other threads. {@link SelectorServer} shows such a loop in one file; the programs share this one.
 *
 * <p>All methods are confined to the thread of the loop, except {@link #execute} and those of
 * {@link Server}.
 */
final class ProgramLoop implements Server {

  /** The conversation of a program with one client. */
  interface Conversation {

    /**
     * Ends the input, because the server stops. The conversation closes its channels when all
     * replies have been sent.
     */
    void endInput();

    /** Closes the channels at once, because the grace period is over. */
    void abort();
  }

  /** Creates conversations. */
  interface Factory {

    /**
     * Creates a conversation, and registers its channels.
     *
     * @throws IOException if the process is out of descriptors; the client then waits until one is
     *     free
     */
    Conversation open(SocketChannel client, ProgramLoop loop) throws IOException;
  }

  /** An action that is due at a time of {@code System.nanoTime()}. */
  record Timer(long at, Runnable action) implements Comparable<Timer> {

    @Override
    public int compareTo(Timer other) {
      return Long.signum(at - other.at); // Not by <: nanoTime may overflow.
    }
  }

  private static final System.Logger LOG = System.getLogger(ProgramLoop.class.getName());
  private static final int MAX_ACCEPTS = 64;
  private static final long TICK = MILLISECONDS.toNanos(50);

  private final ProgramConfig config;
  private final Factory factory;
  private final Runnable atEnd;
  private final Selector selector = Selector.open();
  private final Listener listener;
  private final CompletableFuture<Void> terminated;
  private final Set<Conversation> conversations = new HashSet<>();
  private final Queue<Timer> timers = new PriorityQueue<>();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** A client that has been accepted and waits for a descriptor for its upstream. */
  private @Nullable SocketChannel waiting;

  private volatile boolean stopping;

  /**
   * Binds the socket, and starts the loop.
   *
   * @throws IOException if the address cannot be used, or is an upstream of the program
   */
  ProgramLoop(ProgramConfig config, String name, Factory factory) throws IOException {
    this(config, name, factory, () -> {});
  }

  /**
   * Binds the socket, and starts the loop.
   *
   * @param atEnd runs in the loop's thread when all conversations have ended
   */
  ProgramLoop(ProgramConfig config, String name, Factory factory, Runnable atEnd)
      throws IOException {
    this.config = config;
    this.factory = factory;
    this.atEnd = atEnd;
    try {
      listener =
          Listener.bind(selector, config.address(), config.backlog(), () -> accept(MAX_ACCEPTS));
      config.demandUpstreamElsewhere(listener.address());
      terminated = Network.startThread(SelectorServer.NAME + "-" + name, this::run);
    } catch (Throwable e) {
      closeAll();
      throw e;
    }
  }

  private void run() throws IOException {
    try {
      while (!stopping) {
        await();
      }
      drain();
    } finally {
      closeAll();
      atEnd.run();
    }
  }

  // tag::wait[]
  private void await() throws IOException {
    if (waiting != null && !listener.isPaused()) {
      selector.selectNow(ProgramLoop::giveTurn); // Releases the descriptors of closed channels.
      accept(MAX_ACCEPTS);
    }
    selector.select(ProgramLoop::giveTurn, timeoutMillis());
    listener.resumeIfDue();
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
    long now = System.nanoTime();
    for (Timer next = timers.peek(); next != null && next.at - now <= 0; next = timers.peek()) {
      timers.remove();
      next.action.run();
    }
  }

  private static void giveTurn(SelectionKey key) {
    ((Runnable) key.attachment()).run();
  }

  /** The time until the next timer in milliseconds, rounded up; 0 means no timeout. */
  private long timeoutMillis() {
    Timer next = timers.peek();
    long left = next == null ? Long.MAX_VALUE : Math.max(0, next.at - System.nanoTime());
    if (listener.isPaused() || waiting != null || stopping) {
      left = Math.min(left, TICK);
    }
    return left == Long.MAX_VALUE ? 0 : NANOSECONDS.toMillis(left) + 1;
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int limit) {
    for (int i = 0; i < limit; i++) {
      SocketChannel client = waiting == null ? accept() : waiting;
      waiting = null;
      if (client == null) {
        return;
      }
      try {
        conversations.add(factory.open(client, this));
      } catch (IOException _) {
        waiting = client;
        listener.pause();
        return;
      } catch (RuntimeException e) {
        LOG.log(WARNING, "Cannot set up a connection.", e);
        Network.closeQuietly(client);
      }
    }
  }

  private @Nullable SocketChannel accept() {
    SocketChannel client = listener.accept();
    while (client != null) {
      try {
        return client.setOption(TCP_NODELAY, true);
      } catch (IOException _) {
        Network.closeQuietly(client); // The client has reset the connection.
        client = listener.accept();
      }
    }
    return null;
  }

  // end::accept[]

  /** Runs {@code turn} whenever the channel is ready for one of these operations. */
  SelectionKey register(SelectableChannel channel, int operations, Runnable turn)
      throws IOException {
    return Network.register(selector, channel, operations, turn);
  }

  /** Runs an action after a delay, unless it is cancelled before. */
  Timer after(Duration delay, Runnable action) {
    Timer timer = new Timer(System.nanoTime() + delay.toNanos(), action);
    timers.add(timer);
    return timer;
  }

  void cancel(Timer timer) {
    timers.remove(timer);
  }

  /** Runs a task in the loop; may be called by any thread. */
  void execute(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  /** Removes a conversation that has closed its channels. */
  void closed(Conversation conversation) {
    conversations.remove(conversation);
    descriptorFreed();
  }

  /** Resumes accepting, because a channel has been closed. */
  void descriptorFreed() {
    listener.resume();
  }

  // tag::close[]
  @Override
  public void close() {
    stopping = true;
    selector.wakeup();
    terminated.handle((_, _) -> null).join();
  }

  /**
   * Accepts the backlog, which closing the listener would reset; then waits for all conversations.
   */
  private void drain() throws IOException {
    accept(config.backlog() + 1);
    listener.close();
    resetWaiting();
    for (int i = 0; i < 2; i++) { // Reads data that was sent before the stop, and then FIN.
      selector.selectNow(ProgramLoop::giveTurn);
    }
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    Set.copyOf(conversations).forEach(Conversation::endInput);
    while (!conversations.isEmpty() && System.nanoTime() - deadline < 0) {
      await();
    }
    Set.copyOf(conversations).forEach(Conversation::abort);
  }

  private void resetWaiting() {
    if (waiting != null) {
      Network.reset(waiting);
      waiting = null;
    }
  }

  private void closeAll() {
    resetWaiting();
    selector.keys().forEach(key -> Network.closeQuietly(key.channel()));
    Network.closeQuietly(selector); // Releases the descriptors of registered channels.
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return listener.address();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
