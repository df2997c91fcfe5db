package iomodels.wrong.program;

import static java.net.StandardSocketOptions.TCP_NODELAY;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The correct forwarder: two threads for each client, one for each direction. */
class CorrectRelay extends CorrectProgram {

  static final int BUFFER_SIZE = 16 * 1024;

  CorrectRelay(ProgramConfig config) throws IOException {
    super(config);
  }

  /** Who speaks with whom. */
  record Pair(SocketChannel client, SocketChannel upstream) {}

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
      relay(new Pair(client, upstream));
    } finally {
      endUpstream(upstream);
    }
  }

  /** To the upstream; a socket that could not be connected is closed already. */
  private SocketChannel connect() throws IOException {
    SocketChannel upstream = SocketChannel.open();
    upstream.setOption(TCP_NODELAY, true);
    upstream
        .socket()
        .connect(config.upstreams().getFirst(), Math.toIntExact(config.deadline().toMillis()));
    return upstream;
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
      while (from.read(buffer.clear()) >= 0) {
        send(it, to, buffer.flip());
      }
      finish(it, from, to);
    } catch (IOException _) {
      lost(it, from);
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
