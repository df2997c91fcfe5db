package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A platform thread for each connection. The acceptor waits in {@code accept}; each other thread
 * waits in {@code read} for what its client says, then in {@code write} until the client has made
 * room for the reply. Each reads as if there were no other client, and a slow client keeps nobody
 * waiting. The price: a stack and two buffers for each connection, idle or not, and a switch of
 * threads for each message.
 *
 * <p>Datagrams, if wanted, take one more thread: a blocking thread can wait in one place only.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.1; one thread per client is section 26.4, and 30.10 measures it.
 */
final class ThreadPerConnectionServer implements Server {

  static final String NAME = "blocking-threads";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 16 * 1024;
  private static final long NOT_WAITING = Long.MIN_VALUE;

  /** While the server stops, a client that says nothing for that long has nothing more to say. */
  private static final long QUIET = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10); // How often it looks whether one is.

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;
  private final ConnectionThreads threads =
      new ConnectionThreads(Threads.platform(NAME + "-connection"));
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

  ThreadPerConnectionServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog());
    datagrams =
        DatagramServer.start(config, service, listener, Threads.platform(NAME + "-datagrams"));
    terminated =
        Threads.start(Threads.platform(NAME + "-acceptor"), this::accept, listener, datagrams)
            .thenCombine(datagrams.terminated(), (_, _) -> null);
  }

  // tag::accept[]
  private void accept() {
    try (listener) {
      for (var client = listener.accept(); client != null; client = listener.accept()) {
        new Connection(client).start();
      }
    } finally {
      datagrams.close();
      drain();
    }
  }

  // end::accept[]

  /** One client, and the thread that serves it. */
  private final class Connection implements Runnable {

    private final SocketChannel peer;

    /** Since when the client is waited for; written by the connection's thread. */
    private volatile long waitingSince = NOT_WAITING;

    Connection(SocketChannel peer) {
      this.peer = peer;
    }

    void start() {
      connections.add(this);
      if (!threads.start(this)) {
        end();
      }
    }

    @Override
    public void run() {
      try (Arena arena = Arena.ofConfined()) { // Gives memory back at once, unlike the collector.
        ByteBuffer in = arena.allocate(BUFFER_SIZE).asByteBuffer();
        ByteBuffer out = arena.allocate(BUFFER_SIZE).asByteBuffer();
        peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        converse(in, out);
      } catch (IOException _) {
        // The peer is gone, which costs no more than its connection.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A session failed.", e);
      } finally {
        end();
      }
    }

    // tag::converse[]
    private void converse(ByteBuffer in, ByteBuffer out) throws IOException {
      Session session = service.open();
      boolean endOfInput;
      Progress progress;
      do {
        endOfInput = await(in.clear()) < 0;
        in.flip();
        do {
          progress = session.advance(in, out.clear(), endOfInput);
          out.flip();
          while (out.hasRemaining()) {
            peer.write(out); // A peer that does not read holds us here: that is back-pressure.
          }
        } while (progress == Progress.OVERFLOW);
      } while (progress != Progress.FINISHED);
      peer.shutdownOutput();
      if (!endOfInput) {
        discard(in);
      }
    }

    // tag::wait[]
    private int await(ByteBuffer in) throws IOException {
      waitingSince = System.nanoTime();
      int count = peer.read(in);
      waitingSince = NOT_WAITING;
      return count;
    }

    // end::wait[]
    // end::converse[]

    // tag::close[]
    /**
     * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost.
     * Not by {@code await}: while the server stops, a client that is silent here may still be
     * receiving.
     */
    private void discard(ByteBuffer in) throws IOException {
      delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
      while (peer.read(in.clear()) >= 0) {
        // What comes now is not answered, but it has to be read.
      }
    }

    private boolean isQuiet(long now) {
      return waitingSince != NOT_WAITING && now - waitingSince >= QUIET;
    }

    private void end() {
      closeQuietly(peer);
      connections.remove(this);
      listener.descriptorFreed();
    }
  }

  @Override
  public void close() {
    listener.stop(); // The acceptor closes the listener, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Ends a conversation once its client has nothing more to say, or after the grace period. */
  private void drain() {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!connections.isEmpty()) {
      long now = System.nanoTime();
      for (Connection it : connections) {
        if (now - deadline > 0) {
          closeQuietly(it.peer); // Whatever call its thread is in throws.
        } else if (it.isQuiet(now)) {
          closeQuietly(
              it.peer::shutdownInput); // As if by the client: read returns the end of input.
        }
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
