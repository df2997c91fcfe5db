package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.blocking.Connections.Connection;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;

/**
 * Fixed thread pool. The acceptor puts each new connection into a short queue; a thread of the pool
 * takes it, and serves it until the conversation is over. The thread blocks in {@code read} while
 * it waits for input, and in {@code write} while the client does not read.
 *
 * <p>When all threads are busy and the queue is full, the acceptor stops accepting: new connections
 * wait in the kernel's accept backlog. So threads, buffers and descriptors are bounded. Cost: the
 * number of clients is bounded as well, since an idle client occupies a thread. (The queue between
 * the acceptor and the threads makes the page longer than its aim.)
 *
 * <p>If datagrams are enabled, they have a thread of their own: a blocking thread waits for one
 * thing at a time.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.1; the pre-threaded server whose main thread accepts is section 30.12.
 */
final class PoolServer implements Server {

  static final String NAME = "blocking-pool";

  /** Maximum number of clients that are served at the same time, and that wait in the queue. */
  static final int THREADS = 256;

  static final int QUEUED = 64;

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int PLACES_FOR_ALL = 1 << 20;
  private static final int BUFFER_SIZE = 16 * 1024;

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;

  private final Connections connections;
  private final List<CompletableFuture<Void>> workers = new ArrayList<>();

  /** One permit for each client that is served or queued: without one, no client is accepted. */
  private final Semaphore places;

  /** Accepted clients that wait for a thread; an empty element marks the end. */
  private final BlockingQueue<Optional<SocketChannel>> clients = new LinkedBlockingQueue<>();

  PoolServer(ServerConfig config, Service service) throws IOException {
    this(
        config, service, THREADS, QUEUED, Thread.ofPlatform().name(NAME + "-worker-", 0).factory());
  }

  PoolServer(ServerConfig config, Service service, int threads, int queued, ThreadFactory factory)
      throws IOException {
    this.config = config;
    this.service = service;
    this.places = new Semaphore(threads + queued);
    listener = Listener.bind(config.address(), config.backlog());
    connections = new Connections(listener);
    datagrams =
        DatagramServer.start(config, service, listener, Threads.platform(NAME + "-datagrams"));
    datagrams.onEnd(places::release); // The acceptor may be waiting for a permit.
    try {
      for (int i = 0; i < threads; i++) {
        workers.add(Threads.start(factory, new Worker()));
      }
      terminated =
          Threads.start(Threads.platform(NAME + "-acceptor"), this::accept)
              .thenCombine(datagrams.terminated(), (_, _) -> null);
    } catch (Throwable e) {
      listener.close();
      datagrams.close();
      clients.add(Optional.empty());
      throw e;
    }
  }

  // tag::accept[]
  private void accept() {
    try (listener) {
      while (true) {
        places.acquireUninterruptibly(); // Meanwhile the kernel's backlog fills: back-pressure.
        SocketChannel client = listener.accept();
        if (client == null) {
          break;
        }
        clients.add(Optional.of(client));
      }
    } finally {
      datagrams.close();
      clients.add(Optional.empty());
      connections.drain(
          config.gracePeriod(), () -> workers.stream().allMatch(CompletableFuture::isDone));
    }
  }

  // end::accept[]

  /** A thread of the pool. Its buffers serve one client after another. */
  private final class Worker implements Runnable {

    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);

    @Override
    public void run() {
      try {
        Optional<SocketChannel> next = clients.take();
        while (next.isPresent()) {
          serve(connections.open(next.get()));
          places.release();
          next = clients.take();
        }
        clients.add(Optional.empty()); // Tells the other threads as well.
      } catch (InterruptedException e) {
        throw new IllegalStateException("a pool thread was interrupted", e);
      }
    }

    private void serve(Connection connection) {
      try (connection) {
        connection.peer().setOption(StandardSocketOptions.TCP_NODELAY, true);
        converse(connection);
      } catch (IOException _) {
        // The client has reset the connection, or a timeout has closed it.
      } catch (RuntimeException | Error e) { // The thread goes on to serve other clients.
        LOG.log(WARNING, "A session failed.", e);
      }
    }

    // tag::converse[]
    private void converse(Connection connection) throws IOException {
      SocketChannel peer = connection.peer();
      Session session = service.open();
      boolean endOfInput;
      Progress progress;
      do {
        // tag::wait[]
        endOfInput = connection.read(in.clear()) < 0;
        // end::wait[]
        in.flip();
        do {
          progress = session.advance(in, out.clear(), endOfInput);
          out.flip();
          while (out.hasRemaining()) {
            peer.write(out); // Blocks while the client does not read: this is back-pressure.
          }
        } while (progress == Progress.OVERFLOW);
      } while (progress != Progress.FINISHED);
      peer.shutdownOutput();
      if (!endOfInput) {
        discard(peer);
      }
    }

    // end::converse[]

    // tag::close[]
    /**
     * Reads until the FIN: closing with unread input would send RST, and the client could lose the
     * last reply. Does not use {@code connection.read}: while the server stops, a client that is
     * silent here may still be receiving.
     */
    private void discard(SocketChannel peer) throws IOException {
      delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
      while (peer.read(in.clear()) >= 0) {
        // The input is discarded.
      }
    }
  }

  @Override
  public void close() {
    places.release(PLACES_FOR_ALL); // Lets the acceptor empty the backlog.
    listener.stop(); // The acceptor then closes the listener and drains.
    terminated.handle((_, _) -> null).join();
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
