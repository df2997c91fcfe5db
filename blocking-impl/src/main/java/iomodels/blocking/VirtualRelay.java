package iomodels.blocking;

import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A relay with two virtual threads for each client, one for each direction: the thread reads,
 * writes, and reads again. Back-pressure needs no code, since a thread that blocks in {@code write}
 * does not read. The state of a direction is the position in its code.
 *
 * <p>Only the end of a conversation needs code. If one direction fails, both sockets are closed,
 * and the pending call of the other thread throws.
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
    upstream = SocketChannel.open(); // Throws without a free descriptor: the client waits.
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
      // The upstream cannot be reached, or the client has disconnected.
    } finally {
      abort(); // Has no effect after a normal end, when both are already closed.
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
   * Forwards one direction until its FIN.
   *
   * @param back writes to the socket that this direction reads from
   */
  private static void carry(SocketChannel from, Writer to, Writer back) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE);
    while (from.read(buffer.clear()) >= 0) {
      to.write(buffer.flip());
    }
    back.demandWhole();
    to.peer.shutdownOutput(); // The other direction continues.
  }

  // end::relay[]

  // tag::close[]
  /** Does nothing: the client or the upstream ends the conversation. */
  @Override
  public void endInput() {}

  /** Closes with RST, since not all data has been relayed. */
  @Override
  public void abort() {
    Sockets.reset(client);
    Sockets.reset(upstream);
  }

  // end::close[]

  /**
   * Writes to one of the two sockets, and detects whether the end of input that another thread
   * reads from it is a FIN or a reset. The kernel reports a reset only once, to the first call, a
   * read or a write. If a write gets it, the next read returns -1, as for a FIN.
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
          peer.write(buffer); // Blocks while the peer does not read: this is back-pressure.
        }
      } catch (IOException e) {
        failed = true;
        throw e;
      } finally {
        writing = null;
      }
    }

    /**
     * Throws if the end of input was a reset. A write in progress may just have got the error, so
     * this waits for it; a write that waits for buffer space is not runnable and has not got it.
     */
    void demandWhole() throws IOException {
      for (Thread it = writing;
          it != null && it.getState() == Thread.State.RUNNABLE;
          it = writing) {
        LockSupport.parkNanos(1); // Thread.yield might keep the writer from running.
      }
      if (failed) {
        throw new IOException("reset by peer");
      }
    }
  }
}
