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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The forwarder with virtual threads: two for each client, one for each direction, and each reads,
 * writes, reads. Back-pressure is not written anywhere: a thread that stands in {@code write} does
 * not read. Nor is there any state: where a direction is, its thread knows.
 *
 * <p>What has to be written is the end. A thread can wait for one thing only, so each learns of the
 * other's failure by having the sockets closed under it: whichever call it is in throws.
 */
final class VirtualRelay implements Server {

  private static final int BUFFER_SIZE = 64 * 1024;
  private static final long ACCEPT_PAUSE = MILLISECONDS.toNanos(100);
  private static final long TICK = MILLISECONDS.toNanos(10);

  private final ProgramConfig config;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final InetSocketAddress address;
  private final Set<Pair> pairs = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> terminated;

  VirtualRelay(ProgramConfig config) throws IOException {
    this.config = config;
    try {
      listener.setOption(SO_REUSEADDR, true);
      listener.bind(config.address(), config.backlog());
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
        begin(listener.accept());
      } catch (ClosedChannelException _) {
        break;
      } catch (IOException _) {
        LockSupport.parkNanos(ACCEPT_PAUSE); // Out of descriptors: neither die nor spin.
      }
    }
    drain();
  }

  // end::accept[]

  // tag::connect[]
  private void begin(SocketChannel client) {
    try {
      Pair pair = new Pair(client, SocketChannel.open());
      pairs.add(pair);
      Thread.startVirtualThread(() -> serve(pair));
    } catch (IOException _) {
      reset(client); // Out of descriptors: there is no socket to connect with.
    }
  }

  private void serve(Pair pair) {
    try {
      int limit = Math.toIntExact(config.deadline().toMillis());
      pair.upstream().socket().connect(config.upstreams().getFirst(), limit);
      pair.client().setOption(TCP_NODELAY, true);
      pair.upstream().setOption(TCP_NODELAY, true);
      pair.relay();
    } catch (IOException _) {
      pair.reset();
    } finally {
      pairs.remove(pair);
    }
  }

  // end::connect[]

  private record Pair(SocketChannel client, SocketChannel upstream) {

    // tag::relay[]
    void relay() throws IOException {
      CompletableFuture<Void> back =
          CompletableFuture.runAsync(
              () -> carryOrReset(upstream, client), Thread::startVirtualThread);
      carryOrReset(client, upstream);
      back.join();
      client.close();
      upstream.close();
    }

    private void carryOrReset(SocketChannel from, SocketChannel to) {
      try {
        carry(from, to);
      } catch (IOException _) {
        reset();
      }
    }

    private static void carry(SocketChannel from, SocketChannel to) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE);
      while (from.read(buffer.clear()) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer); // Whoever does not read holds us here: that is back-pressure.
        }
      }
      to.shutdownOutput(); // The other direction goes on.
    }

    // end::relay[]

    // tag::close[]
    void reset() {
      VirtualRelay.reset(client);
      VirtualRelay.reset(upstream);
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
    quietly(listener); // The acceptor's call throws, and it goes on to drain.
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
