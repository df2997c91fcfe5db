package iomodels.blocking.programs;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.blocking.Listener;
import iomodels.blocking.Sockets;
import iomodels.blocking.Threads;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The server around a program: accepts clients, has each converse in a virtual thread of its own,
 * and at the stop lets the conversations end within the grace period.
 *
 * <p>The acceptor yields after each client. While connections are in the backlog, its accept never
 * waits, so it would keep its carrier; and in a storm of clients that connect and reset, thousands
 * would be open before the first conversation had its turn.
 */
final class ProgramHost implements Server {

  /** The conversation with one client of a program. */
  interface Conversation extends Runnable {

    /** Converses until the client has gone, then closes its sockets. Does not throw. */
    @Override
    void run();

    /**
     * The server stops: ends the input. Java does not read what the kernel has received by then and
     * {@code read} has not returned: requests beyond the one that is pending may be lost.
     */
    void endInput();

    /** Closes the sockets: {@link #run} returns soon, whatever call it is in. */
    void abort();
  }

  /** Makes conversations. */
  interface Factory {

    /**
     * Makes one; called by the thread that accepts.
     *
     * @throws IOException if the process is out of descriptors: the client then waits for one
     */
    Conversation open(SocketChannel client) throws IOException;
  }

  private static final long TICK = MILLISECONDS.toNanos(10);

  /** Time for the requests of the clients that were accepted last to be read. */
  private static final long LAST_READ = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final Factory factory;
  private final Runnable atEnd;
  private final Listener listener;
  private final Set<Conversation> conversations = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> terminated;

  /**
   * Listens, and starts to accept.
   *
   * @throws IOException if the address cannot be used, or is an upstream of the program
   */
  ProgramHost(ProgramConfig config, Factory factory) throws IOException {
    this(config, factory, () -> {});
  }

  /**
   * The same.
   *
   * @param atEnd runs when all conversations have ended
   */
  ProgramHost(ProgramConfig config, Factory factory, Runnable atEnd) throws IOException {
    this.config = config;
    this.factory = factory;
    this.atEnd = atEnd;
    listener = Listener.bind(config.address(), config.backlog());
    try {
      config.demandUpstreamElsewhere(listener.address());
    } catch (Throwable e) {
      listener.close();
      throw e;
    }
    terminated = Threads.start(Threads.virtual("acceptor"), this::accept, listener);
  }

  // tag::accept[]
  @SuppressWarnings("ThreadPriorityCheck") // fairness, which nothing relies on to be correct
  private void accept() {
    try (listener) {
      for (var client = listener.accept(); client != null; client = listener.accept()) {
        open(client).ifPresent(this::start);
        Thread.yield();
      }
    } finally {
      drain();
      atEnd.run();
    }
  }

  private Optional<Conversation> open(SocketChannel client) {
    while (true) {
      try {
        return Optional.of(factory.open(client));
      } catch (IOException _) {
        if (listener.isStopping()) {
          Sockets.reset(client);
          return Optional.empty();
        }
        listener.awaitDescriptor();
      }
    }
  }

  // end::accept[]

  private void start(Conversation conversation) {
    conversations.add(conversation);
    try {
      Thread.startVirtualThread(() -> serve(conversation));
    } catch (OutOfMemoryError _) { // The system has no thread for another carrier.
      conversation.abort();
      conversations.remove(conversation);
      listener.descriptorFreed();
    }
  }

  private void serve(Conversation conversation) {
    try {
      conversation.run();
    } finally {
      conversations.remove(conversation);
      listener.descriptorFreed();
    }
  }

  // tag::close[]
  @Override
  public void close() {
    listener.stop(); // The acceptor closes the listener, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  private void drain() {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    if (!conversations.isEmpty()) {
      LockSupport.parkNanos(LAST_READ);
    }
    conversations.forEach(Conversation::endInput);
    while (!conversations.isEmpty()) {
      if (System.nanoTime() - deadline > 0) {
        conversations.forEach(Conversation::abort);
      }
      LockSupport.parkNanos(TICK);
    }
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
