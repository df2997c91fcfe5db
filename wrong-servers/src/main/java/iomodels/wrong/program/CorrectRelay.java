package iomodels.wrong.program;

import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** The correct relay: two threads for each client, one for each direction. */
class CorrectRelay extends CorrectProgram {

  static final int BUFFER_SIZE = 16 * 1024;
  private static final long SENDING_SECONDS = 1;

  CorrectRelay(ProgramConfig config) throws IOException {
    super(config);
  }

  /**
   * The two connections of a relay. A thread holds the lock of a connection while it sends to it;
   * if sending fails, until both connections are closed.
   */
  record Pair(SocketChannel client, SocketChannel upstream, Lock toClient, Lock toUpstream) {

    private Lock to(SocketChannel peer) {
      return peer.equals(client) ? toClient : toUpstream;
    }
  }

  @Override
  void serve(SocketChannel client) throws IOException, InterruptedException {
    SocketChannel upstream;
    try {
      upstream = connect();
    } catch (IOException _) {
      refused(client);
      return;
    }
    try {
      relay(new Pair(client, upstream, new ReentrantLock(), new ReentrantLock()));
    } finally {
      endUpstream(upstream);
    }
  }

  /** Connects to the upstream. If connecting fails, the socket is already closed. */
  SocketChannel connect() throws IOException {
    SocketChannel upstream = SocketChannel.open();
    upstream.setOption(TCP_NODELAY, true);
    InetSocketAddress address = config.upstreams().getFirst();
    upstream.socket().connect(address, Math.toIntExact(connectTimeout().toMillis()));
    return upstream;
  }

  /** Returns how long to wait for the upstream. */
  Duration connectTimeout() {
    return config.deadline();
  }

  /** Called when the upstream cannot be reached. */
  void refused(SocketChannel client) {
    reset(client);
  }

  void relay(Pair it) throws IOException, InterruptedException {
    Thread back = Thread.ofVirtual().start(() -> carry(it, it.upstream, it.client));
    carry(it, it.client, it.upstream);
    back.join();
  }

  /** Closes the upstream connection, whatever the outcome. */
  void endUpstream(SocketChannel upstream) {
    closeQuietly(upstream);
  }

  /** Forwards one direction to its end. */
  final void carry(Pair it, SocketChannel from, SocketChannel to) {
    try {
      ByteBuffer buffer = buffer();
      boolean open = true;
      while (open && read(from, buffer.clear()) >= 0) {
        open = sendAlone(it, to, buffer.flip());
      }
      if (open) {
        awaitSender(it.to(from));
        finish(it, from, to);
      }
    } catch (IOException _) {
      lost(it, from);
    }
  }

  /** Returns a buffer for one direction. */
  ByteBuffer buffer() {
    return ByteBuffer.allocate(BUFFER_SIZE);
  }

  /** Reads what has arrived; returns -1 at the end. */
  int read(SocketChannel from, ByteBuffer buffer) throws IOException {
    return from.read(buffer);
  }

  private boolean sendAlone(Pair it, SocketChannel to, ByteBuffer chunk) {
    it.to(to).lock();
    try {
      send(it, to, chunk);
      return true;
    } catch (IOException _) {
      sendingFailed(it, to);
      return false;
    } finally {
      it.to(to).unlock();
    }
  }

  /** Called when sending to a peer fails. */
  void sendingFailed(Pair it, SocketChannel to) {
    lost(it, to);
  }

  /**
   * The kernel reports a reset only once (tcp_reset() in tcp_input.c, SO_ERROR in socket(7)). If
   * the sending thread has received the error, this thread reads an ordinary end of stream. So it
   * waits for the sender to close both connections. A sender that is still busy after a second
   * waits for its peer to read.
   */
  private static void awaitSender(Lock lock) {
    try {
      if (lock.tryLock(SENDING_SECONDS, TimeUnit.SECONDS)) {
        lock.unlock();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // the next call on the channel fails
    }
  }

  /** Blocks while {@code to} does not read. */
  void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
    writeFully(to, chunk);
  }

  /** Called at the FIN of {@code from}; the other direction continues. */
  void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
    to.shutdownOutput();
  }

  /** Called when the stream of {@code from} is cut short. */
  void lost(Pair it, SocketChannel from) {
    reset(it.client);
    reset(it.upstream);
  }

  /** No effect: a relay does not know when a conversation is complete. */
  @Override
  void dismiss(SocketChannel client) {}
}
