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
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The textbook's first server: one thread, one client at a time. It waits in {@code accept} for a
 * client, then in {@code read} for what that client says, then in {@code write} until the client
 * has made room for the reply; each call returns when it is done, and the order of the statements
 * is the state of the conversation. The price: while one client thinks, all others queue in the
 * kernel's backlog.
 *
 * <p>Datagrams, if wanted, take a second thread: a blocking thread can wait in one place only.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: the model is section 6.2, figure
 * 6.1; the iterative server is section 30.4.
 */
final class SequentialServer implements Server {

  static final String NAME = "blocking-sequential";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int BUFFER_SIZE = 64 * 1024;
  private static final long NOT_WAITING = Long.MIN_VALUE;

  /** While the server stops, a client that says nothing for that long has nothing more to say. */
  private static final long QUIET = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10); // How often it looks whether one is.

  private final ServerConfig config;
  private final Service service;
  private final Listener listener;
  private final DatagramServer datagrams;
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);

  /** The client being served, and since when it is waited for; written by the one thread. */
  private volatile @Nullable SocketChannel client;

  private volatile long waitingSince = NOT_WAITING;

  /** The clients in the backlog when the server stops: served in turn, in the grace period. */
  private final CompletableFuture<List<SocketChannel>> waiting = new CompletableFuture<>();

  SequentialServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    listener = Listener.bind(config.address(), config.backlog());
    datagrams =
        DatagramServer.start(config, service, listener, Threads.platform(NAME + "-datagrams"));
    terminated =
        Threads.start(Threads.platform(NAME + "-clients"), this::accept, listener, datagrams)
            .thenCombine(datagrams.terminated(), (_, _) -> null);
  }

  // tag::accept[]
  private void accept() {
    try (listener) {
      for (var peer = listener.accept(); peer != null; peer = listener.accept()) {
        converse(peer);
      }
      if (listener.isStopping()) {
        waiting.join().forEach(this::converse);
      }
    } finally {
      datagrams.close();
    }
  }

  // end::accept[]

  // tag::converse[]
  private void converse(SocketChannel peer) {
    try (peer) {
      waitingSince = NOT_WAITING; // The client before may have failed in read.
      client = peer;
      peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
      Session session = service.open();
      boolean endOfInput;
      Progress progress;
      do {
        endOfInput = await(peer) < 0;
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
        discard(peer);
      }
    } catch (IOException _) {
      // The peer is gone, which costs no more than its connection.
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A session failed.", e);
    } finally {
      client = null;
    }
  }

  // tag::wait[]
  private int await(SocketChannel peer) throws IOException {
    waitingSince = System.nanoTime();
    int count = peer.read(in.clear());
    waitingSince = NOT_WAITING;
    return count;
  }

  // end::wait[]
  // end::converse[]

  // tag::close[]
  /**
   * Reads on to the FIN: to close with input unread would send RST, and the last reply be lost. Not
   * by {@code await}: while the server stops, a client that is silent here may still be receiving.
   */
  private void discard(SocketChannel peer) throws IOException {
    delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> closeQuietly(peer));
    while (peer.read(in.clear()) >= 0) {
      // What comes now is not answered, but it has to be read.
    }
  }

  /** Ends a conversation once its client has nothing more to say, or after the grace period. */
  @Override
  public void close() {
    listener.stop();
    List<SocketChannel> backlog = listener.acceptAll(); // To close the listener resets the others.
    waiting.complete(backlog);
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!terminated.isDone()) {
      long now = System.nanoTime();
      SocketChannel current = client;
      if (now - deadline > 0) {
        backlog.forEach(Sockets::closeQuietly); // The call that serves one of them throws.
      }
      if (current != null && now - deadline > 0) {
        closeQuietly(current);
      } else if (current != null && isIdle(now)) {
        closeQuietly(current::shutdownInput); // As by the client: read returns -1.
      }
      LockSupport.parkNanos(TICK);
    }
  }

  private boolean isIdle(long now) {
    return waitingSince != NOT_WAITING && now - waitingSince >= QUIET;
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
