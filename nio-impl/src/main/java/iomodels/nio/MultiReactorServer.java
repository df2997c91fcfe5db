package iomodels.nio;

import static iomodels.nio.Network.closeQuietly;
import static iomodels.nio.Network.register;
import static java.nio.channels.SelectionKey.OP_READ;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Multiple reactors. The acceptor's selector watches the listening socket and the UDP socket. There
 * is one {@link MultiReactorWorker} per core, whose selector watches its connections; the acceptor
 * hands connections over to the workers in turn. Each of these threads blocks only in its own
 * {@code select()}. A connection stays with its worker, so it needs no lock. The threads
 * communicate only through the queues of new connections and the request to stop.
 *
 * <p>It uses all cores, unlike {@link SelectorServer}, which uses one. Cost: an idle loop does not
 * help the connections of a busy one, and a slow call still delays all clients of its loop. If a
 * loop fails, the server ends.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.3. D. Lea, <i>Scalable IO in Java</i>, calls the pattern multiple reactors.
 */
final class MultiReactorServer implements Server {

  static final String NAME = "nio-multireactor";

  private static final int LOOPS = Runtime.getRuntime().availableProcessors();

  /** Maximum number of accepts in one turn, so that datagrams are not delayed. */
  private static final int MAX_ACCEPTS = 64;

  private static final long TICK_MILLIS = 50;

  private final ServerConfig config;
  private final List<MultiReactorWorker> workers = new ArrayList<>();
  private final Selector selector = Selector.open();
  private final Listener listener;
  private final CompletableFuture<Void> terminated;

  /** The index of the worker that gets the next connection. */
  private int next;

  /** Whether a worker has released a descriptor. */
  private volatile boolean descriptorFreed;

  private volatile boolean stopping;

  MultiReactorServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    try {
      listener =
          Listener.bind(selector, config.address(), config.backlog(), () -> accept(MAX_ACCEPTS));
      Optional<UdpSocket> datagrams = UdpSocket.bind(config, service, listener.address());
      if (datagrams.isPresent()) {
        register(selector, datagrams.get().channel(), OP_READ, datagrams.get()::answer);
      }
      for (int i = 0; i < LOOPS; i++) {
        workers.add(new MultiReactorWorker(config, service, this));
      }
      List<CompletableFuture<Void>> threads = new ArrayList<>();
      for (MultiReactorWorker worker : workers) {
        threads.add(Network.startThread(NAME + "-loop", worker::run));
      }
      threads.add(Network.startThread(NAME + "-acceptor", this::run));
      terminated =
          CompletableFuture.allOf(threads.toArray(CompletableFuture<?>[]::new))
              .whenComplete((_, _) -> workers.forEach(MultiReactorWorker::close));
    } catch (Throwable e) {
      closeAll();
      workers.forEach(MultiReactorWorker::close);
      throw e;
    }
  }

  /** Runs in the acceptor's thread. */
  private void run() throws IOException {
    try {
      while (!stopping) {
        await();
      }
      accept(config.backlog() + 1); // Closing the listener would reset the backlog.
    } finally {
      closeAll();
      workers.forEach(MultiReactorWorker::stop); // After the last connection has been handed over.
    }
  }

  // tag::wait[]
  private void await() throws IOException {
    selector.select(
        key -> ((Runnable) key.attachment()).run(), listener.isPaused() ? TICK_MILLIS : 0);
    if (descriptorFreed) {
      descriptorFreed = false;
      listener.resume();
    }
    listener.resumeIfDue();
  }

  // end::wait[]

  // tag::accept[]
  private void accept(int max) {
    for (int i = 0; i < max; i++) {
      SocketChannel peer = listener.accept();
      if (peer == null) {
        return;
      }
      workers.get(next).handOver(peer);
      next = (next + 1) % LOOPS;
    }
  }

  /** Whether the acceptor waits for a descriptor. May be called by any thread. */
  boolean isPaused() {
    return listener.isPaused();
  }

  /** Notifies the acceptor that a descriptor is free. Called by a worker's thread. */
  void descriptorFreed() {
    descriptorFreed = true;
    selector.wakeup();
  }

  // end::accept[]

  // tag::close[]
  @Override
  public void close() {
    stop();
    terminated.handle((_, _) -> null).join();
  }

  /** Stops the acceptor, which then stops the workers. May be called by any thread. */
  void stop() {
    stopping = true;
    selector.wakeup();
  }

  private void closeAll() {
    selector.keys().forEach(key -> closeQuietly(key.channel()));
    closeQuietly(selector); // Releases the descriptors of registered channels.
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
