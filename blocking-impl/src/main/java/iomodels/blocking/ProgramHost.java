package iomodels.blocking;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

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
 * The server around a program: accepts clients, runs the conversation with each client in its own
 * virtual thread, and at the stop lets the conversations end within the grace period.
 *
 * <p>The acceptor yields after each client. While there are connections in the backlog, {@code
 * accept} does not block, so the acceptor would keep its carrier thread. If many clients connect
 * and reset, thousands of connections would be open before the first conversation runs.
 */
final class ProgramHost implements Server {

  /** The conversation of a program with one client. */
  interface Conversation extends Runnable {

    /** Converses until the client has disconnected, then closes the sockets. Does not throw. */
    @Override
    void run();

    /**
     * Ends the input, because the server stops. Java then does not read bytes that the kernel has
     * received but {@code read} has not returned: requests after the pending one may be lost.
     */
    void endInput();

    /** Closes the sockets. {@link #run} then returns soon, since its pending call throws. */
    void abort();
  }

  /** Creates conversations. */
  interface Factory {

    /**
     * Creates a conversation. Called by the acceptor thread.
     *
     * @throws IOException if the process is out of descriptors; the client then waits until one is
     *     free
     */
    Conversation open(SocketChannel client) throws IOException;
  }

  private static final long TICK = MILLISECONDS.toNanos(10);

  /** Time to read the requests of the clients that were accepted last. */
  private static final long LAST_READ = MILLISECONDS.toNanos(100);

  private final ProgramConfig config;
  private final Factory factory;
  private final Runnable atEnd;
  private final Listener listener;
  private final Set<Conversation> conversations = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> terminated;

  /**
   * Binds the socket, and starts to accept clients.
   *
   * @throws IOException if the address cannot be used, or is an upstream of the program
   */
  ProgramHost(ProgramConfig config, Factory factory) throws IOException {
    this(config, factory, () -> {});
  }

  /**
   * Binds the socket, and starts to accept clients.
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
  @SuppressWarnings("ThreadPriorityCheck") // for fairness only; correctness does not depend on it
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
    } catch (OutOfMemoryError _) { // The system has no thread for another carrier thread.
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
    listener.stop(); // The acceptor then closes the listener and drains.
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
