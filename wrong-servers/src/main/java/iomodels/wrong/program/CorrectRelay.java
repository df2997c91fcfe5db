package iomodels.wrong.program;

import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** The correct forwarder: two threads for each client, one for each direction. */
class CorrectRelay extends CorrectProgram {

  static final int BUFFER_SIZE = 16 * 1024;
  private static final long SENDING_SECONDS = 1;

  CorrectRelay(ProgramConfig config) throws IOException {
    super(config);
  }

  /**
   * Who speaks with whom. Whoever sends to one of them holds its lock, and, if that fails, until
   * both are closed.
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

  /** To the upstream; a socket that could not be connected is closed already. */
  private SocketChannel connect() throws IOException {
    InetSocketAddress address = config.upstreams().getFirst();
    if (isOwn(address)) {
      throw new ConnectException("%s is this relay itself".formatted(address));
    }
    SocketChannel upstream = SocketChannel.open();
    upstream.setOption(TCP_NODELAY, true);
    upstream.socket().connect(address, Math.toIntExact(config.deadline().toMillis()));
    return upstream;
  }

  /** Whether it would turn to itself, without end. */
  boolean isOwn(InetSocketAddress upstream) {
    return upstream.equals(address());
  }

  /** The upstream cannot be reached. */
  void refused(SocketChannel client) {
    reset(client);
  }

  void relay(Pair it) throws IOException, InterruptedException {
    Thread back = Thread.ofVirtual().start(() -> carry(it, it.upstream, it.client));
    carry(it, it.client, it.upstream);
    back.join();
  }

  /** Whatever has come of the conversation. */
  void endUpstream(SocketChannel upstream) {
    quietly(upstream);
  }

  /** One direction, to its end. */
  final void carry(Pair it, SocketChannel from, SocketChannel to) {
    try {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_SIZE);
      boolean open = true;
      while (open && from.read(buffer.clear()) >= 0) {
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

  /** It does not take any more. */
  void sendingFailed(Pair it, SocketChannel to) {
    lost(it, to);
  }

  /**
   * The kernel reports a reset once (tcp_reset() in tcp_input.c, SO_ERROR in socket(7)). If the
   * other thread, sending, has been told of it, this one has read what looks like a FIN; so it
   * waits for the other to close both. One that still sends after a second waits for its peer to
   * read.
   */
  private static void awaitSender(Lock lock) {
    try {
      if (lock.tryLock(SENDING_SECONDS, TimeUnit.SECONDS)) {
        lock.unlock();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // What comes next fails.
    }
  }

  /** Waits for as long as {@code to} does not read. */
  void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
    say(to, chunk);
  }

  /** {@code from} has finished sending; the other direction goes on. */
  void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
    to.shutdownOutput();
  }

  /** What came from there does not come to its end. */
  void lost(Pair it, SocketChannel from) {
    reset(it.client);
    reset(it.upstream);
  }

  /** What either says is the other's business. */
  @Override
  void dismiss(SocketChannel client) {}
}
