package iomodels.blocking.programs;

import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.blocking.Sockets;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Two virtual threads for each client, one for each direction: it reads, writes, and reads again.
 * Back-pressure needs no code, since a thread that blocks in {@code write} does not read. The state
 * of a direction is the position in its code.
 *
 * <p>Only the end needs code. A thread that blocks in a call learns of a failure of the other
 * direction when both sockets are closed: its call throws.
 */
final class VirtualRelay implements ProgramHost.Conversation {

  private static final int BUFFER_SIZE = 16 * 1024;

  private final ProgramConfig config;
  private final SocketChannel client;
  private final SocketChannel upstream;
  private final Writer toClient;
  private final Writer toUpstream;

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramHost(config, client -> new VirtualRelay(config, client));
  }

  private VirtualRelay(ProgramConfig config, SocketChannel client) throws IOException {
    this.config = config;
    this.client = client;
    upstream = SocketChannel.open(); // If there is no descriptor for it, the client waits.
    toClient = new Writer(client);
    toUpstream = new Writer(upstream);
  }

  // end::accept[]

  // tag::connect[]
  @Override
  public void run() {
    try {
      int limit = Math.toIntExact(config.deadline().toMillis());
      upstream.socket().connect(config.upstreams().getFirst(), limit);
      client.setOption(TCP_NODELAY, true);
      upstream.setOption(TCP_NODELAY, true);
      relay();
    } catch (IOException _) {
      // The upstream cannot be reached, or the client has gone.
    } finally {
      abort(); // If both ended with FIN they are closed already, and this has no effect.
    }
  }

  // end::connect[]

  // tag::relay[]
  private void relay() throws IOException {
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
      abort();
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
  /** Nothing to do: which side ends a conversation, and when, is between client and upstream. */
  @Override
  public void endInput() {}

  /** Closes with RST: what has been relayed is not the whole. */
  @Override
  public void abort() {
    Sockets.reset(client);
    Sockets.reset(upstream);
  }

  // end::close[]

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
}
