package iomodels.blocking;

import static java.net.StandardSocketOptions.SO_LINGER;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The forwarder with virtual threads: two for each client, one for each direction, and each reads,
 * writes, reads. Back-pressure is not written anywhere: a thread that stands in {@code write} does
 * not read. Nor is there any state: where a direction is, its thread knows.
 *
 * <p>What has to be written is the end. A thread can wait for one thing only, so each learns of the
 * other's failure by having the sockets closed under it: whichever call it is in throws.
 */
final class VirtualRelay implements Server {

  private static final int BUFFER_SIZE = 16 * 1024;
  private static final long TICK = MILLISECONDS.toNanos(10);

  private final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Backlog backlog = new Backlog(listener);
  private final InetSocketAddress address;
  private final Set<Pair> pairs = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> terminated;

  VirtualRelay(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener.setOption(SO_REUSEADDR, true);
      Binding.bind(listener, config.address(), config.backlog());
      address = (InetSocketAddress) listener.getLocalAddress();
      config.demandUpstreamElsewhere(address);
    } catch (Throwable e) {
      listener.close();
      throw e;
    }
    terminated = CompletableFuture.runAsync(this::accept, Thread::startVirtualThread);
  }

  // tag::accept[]
  private void accept() {
    while (listener.isOpen()) {
      try {
        listener.configureBlocking(!backlog.isStopping()); // Then: accept all, await nobody.
        SocketChannel peer = listener.accept();
        if (peer == null) {
          break;
        }
        if (backlog.isWakeUp(peer)) {
          quietly(peer);
        } else {
          begin(peer);
        }
      } catch (ClosedChannelException _) {
        break;
      } catch (IOException _) {
        backlog.awaitDescriptor(); // Neither die nor spin.
      }
    }
    quietly(listener);
    drain();
  }

  // end::accept[]

  // tag::connect[]
  private void begin(SocketChannel client) {
    Optional<SocketChannel> upstream = open();
    if (upstream.isEmpty()) {
      reset(client);
      return;
    }
    Pair pair = new Pair(client, upstream.get());
    pairs.add(pair);
    try {
      Thread.startVirtualThread(() -> serve(pair));
    } catch (OutOfMemoryError _) { // No carrier to be had: that costs this client only.
      end(pair);
    }
  }

  /** Out of descriptors, the client waits, and those behind it; but not while the server stops. */
  private Optional<SocketChannel> open() {
    while (true) {
      try {
        return Optional.of(SocketChannel.open());
      } catch (IOException _) {
        if (backlog.isStopping()) {
          return Optional.empty();
        }
        backlog.awaitDescriptor();
      }
    }
  }

  private void serve(Pair pair) {
    try {
      int limit = Math.toIntExact(config.deadline().toMillis());
      pair.upstream.socket().connect(config.upstreams().getFirst(), limit);
      pair.client.setOption(TCP_NODELAY, true);
      pair.upstream.setOption(TCP_NODELAY, true);
      pair.relay();
    } catch (IOException _) {
      // The upstream cannot be reached, or the client is gone.
    } finally {
      end(pair);
    }
  }

  private void end(Pair pair) {
    pair.reset(); // What has been closed in good order stays so.
    pairs.remove(pair);
    backlog.descriptorFreed();
  }

  // end::connect[]

  private static final class Pair {

    private final SocketChannel client;
    private final SocketChannel upstream;
    private final Writer toClient;
    private final Writer toUpstream;

    Pair(SocketChannel client, SocketChannel upstream) {
      this.client = client;
      this.upstream = upstream;
      toClient = new Writer(client);
      toUpstream = new Writer(upstream);
    }

    // tag::relay[]
    void relay() throws IOException {
      CompletableFuture<Void> back =
          CompletableFuture.runAsync(
              () -> carryOrReset(upstream, toClient, toUpstream), Thread::startVirtualThread);
      carryOrReset(client, toUpstream, toClient);
      back.join();
      client.close();
      upstream.close();
    }

    private void carryOrReset(SocketChannel from, Writer to, Writer back) {
      try {
        carry(from, to, back);
      } catch (IOException _) {
        reset();
      }
    }

    /**
     * One direction.
     *
     * @param back writes to the socket that this direction reads from
     */
    private static void carry(SocketChannel from, Writer to, Writer back) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE);
      while (from.read(buffer.clear()) >= 0) {
        to.write(buffer.flip());
      }
      back.demandWhole();
      to.peer.shutdownOutput(); // The other direction goes on.
    }

    // end::relay[]

    // tag::close[]
    void reset() {
      VirtualRelay.reset(client);
      VirtualRelay.reset(upstream);
    }
  }

  /**
   * Writes to one of the two sockets, and knows whether the end that another thread reads from it
   * is a FIN. The kernel reports a reset once, to a read or to a write, whichever comes first; a
   * read that comes second returns -1 as for a FIN.
   */
  private static final class Writer {

    private final SocketChannel peer;
    private volatile @Nullable Thread writing;
    private volatile boolean failed;

    Writer(SocketChannel peer) {
      this.peer = peer;
    }

    void write(ByteBuffer buffer) throws IOException {
      writing = Thread.currentThread();
      try {
        while (buffer.hasRemaining()) {
          peer.write(buffer); // A peer that does not read holds us here: that is back-pressure.
        }
      } catch (IOException e) {
        failed = true;
        throw e;
      } finally {
        writing = null;
      }
    }

    /**
     * Throws if the end was a reset. A write that is under way may have been told of it just now;
     * but not one that waits for room, and so is not runnable.
     */
    void demandWhole() throws IOException {
      for (Thread it = writing;
          it != null && it.getState() == Thread.State.RUNNABLE;
          it = writing) {
        LockSupport.parkNanos(1); // Not Thread.yield, which may keep the writer from its turn.
      }
      if (failed) {
        throw new IOException("reset by peer");
      }
    }
  }

  /** Not FIN but RST: what was carried is not the whole. */
  private static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(SO_LINGER, 0);
    } catch (IOException _) {
      // It is closed already.
    }
  }

  @Override
  public void close() {
    backlog.stop(); // The acceptor closes the listener, and goes on to drain.
    terminated.handle((_, _) -> null).join();
  }

  /** Waits for conversations to end by themselves, and after the grace period ends them. */
  private void drain() {
    long deadline = System.nanoTime() + config.gracePeriod().toNanos();
    while (!pairs.isEmpty()) {
      if (System.nanoTime() - deadline > 0) {
        pairs.forEach(Pair::reset);
      }
      LockSupport.parkNanos(TICK);
    }
  }

  private static void quietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // There is nothing left to close.
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
