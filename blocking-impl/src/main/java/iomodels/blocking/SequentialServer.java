package iomodels.blocking;

import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
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
  private static final int BUFFER_SIZE = 64 * 1024; // A datagram of any size fits.
  private static final long NOT_WAITING = Long.MIN_VALUE;

  /** While the server stops, a client that says nothing for that long has nothing more to say. */
  private static final long QUIET = MILLISECONDS.toNanos(50);

  private static final long TICK = MILLISECONDS.toNanos(10); // How often it looks whether one is.

  private final ServerConfig config;
  private final Service service;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Backlog backlog = new Backlog(listener);
  private final List<Closeable> sockets = new ArrayList<>();
  private final InetSocketAddress address;
  private final CompletableFuture<Void> terminated;

  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_SIZE);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_SIZE);

  /** The client being served, and since when it is waited for; written by the one thread. */
  private volatile @Nullable SocketChannel client;

  private volatile long waitingSince = NOT_WAITING;

  /** Who was in the backlog when the server stopped: served in turn, within the grace period. */
  private final Queue<SocketChannel> left = new ConcurrentLinkedQueue<>();

  SequentialServer(ServerConfig config, Service service) throws IOException {
    this.config = config;
    this.service = service;
    try {
      sockets.add(listener);
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      Binding.bind(listener, config.address(), config.backlog());
      address = (InetSocketAddress) listener.getLocalAddress();
      Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
      if (responder.isPresent()) {
        DatagramChannel datagrams = DatagramChannel.open();
        sockets.add(datagrams);
        Binding.bind(datagrams, address);
        terminated =
            CompletableFuture.allOf(
                Threads.start(NAME + "-clients", this::accept),
                Threads.start(NAME + "-datagrams", () -> answer(datagrams, responder.get())));
      } else {
        terminated = Threads.start(NAME + "-clients", this::accept);
      }
    } catch (Throwable e) {
      closeSockets();
      throw e;
    }
  }

  // tag::accept[]
  private void accept() {
    try {
      while (listener.isOpen()) {
        try {
          listener.configureBlocking(!backlog.isStopping());
          SocketChannel peer = listener.accept();
          if (peer == null) {
            LockSupport.parkNanos(TICK); // It is about to be closed.
          } else {
            converse(peer);
          }
        } catch (ClosedChannelException _) {
          break;
        } catch (IOException _) {
          backlog.awaitDescriptor(); // Neither die nor spin.
        }
      }
      for (SocketChannel peer = left.poll(); peer != null; peer = left.poll()) {
        converse(peer);
      }
    } finally {
      closeSockets();
    }
  }

  // end::accept[]

  // tag::converse[]
  private void converse(SocketChannel peer) {
    try (peer) {
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
  /** Reads on to the FIN: to close with input unread would send RST, and the last reply be lost. */
  private void discard(SocketChannel peer) throws IOException {
    delayedExecutor(config.linger().toNanos(), NANOSECONDS).execute(() -> quietly(peer));
    while (await(peer) >= 0) {
      // What comes now is not answered, but it has to be read.
    }
  }

  /** Ends a conversation once its client has nothing more to say, or after the grace period. */
  @Override
  public void close() {
    backlog.stop(() -> client != null);
    emptyBacklog();
    closeSockets();
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!terminated.isDone()) {
      long now = System.nanoTime();
      SocketChannel last = client;
      if (now - deadline > 0) {
        left.forEach(SequentialServer::quietly);
        quietly(last == null ? () -> {} : last); // Whatever call the thread is in throws.
      } else if (last != null && waitingSince != NOT_WAITING && now - waitingSince >= QUIET) {
        quietly(last::shutdownInput); // As if by the client: read returns the end of input.
      }
      LockSupport.parkNanos(TICK);
    }
    left.forEach(SequentialServer::quietly); // One may have come after all others were served.
  }

  /** To close the listener would reset them. */
  private void emptyBacklog() {
    try {
      listener.configureBlocking(false);
      for (SocketChannel peer = listener.accept(); peer != null; peer = listener.accept()) {
        left.add(peer);
      }
    } catch (IOException _) {
      // It is closed already, or there are no descriptors for them.
    }
  }

  private void closeSockets() {
    sockets.forEach(SequentialServer::quietly);
  }

  private static void quietly(Closeable action) {
    try {
      action.close();
    } catch (IOException _) {
      // Closed already, or reset by its peer: there is nothing left to close.
    }
  }

  // end::close[]

  private void answer(DatagramChannel datagrams, Responder responder) {
    ByteBuffer request = ByteBuffer.allocateDirect(BUFFER_SIZE);
    ByteBuffer reply = ByteBuffer.allocateDirect(BUFFER_SIZE);
    try {
      while (datagrams.isOpen()) {
        try {
          SocketAddress sender = datagrams.receive(request.clear());
          responder.reply(request.flip(), reply.clear());
          datagrams.send(reply.flip(), sender);
        } catch (IOException _) {
          // One reply that could not be sent; or closed, and the loop ends.
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A responder failed.", e);
        }
      }
    } finally {
      closeSockets();
    }
  }

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
