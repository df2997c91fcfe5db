package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.http.HttpConversation;
import iomodels.http.HttpConversation.Progress;
import iomodels.program.ProgramConfig;
import iomodels.time.Deadline;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/** The correct http program: one thread for each connection. */
class CorrectHttp extends CorrectProgram {

  private static final int BUFFER_SIZE = 16 * 1024;
  private static final Duration LINGER = Duration.ofSeconds(2);

  private final Map<SocketChannel, Connection> connections = new ConcurrentHashMap<>();

  CorrectHttp(ProgramConfig config) throws IOException {
    super(config);
  }

  /** The state of a connection. */
  static final class Connection {

    final SocketChannel peer;
    final ByteBuffer in = ByteBuffer.allocate(2 * BUFFER_SIZE);
    final ByteBuffer out = ByteBuffer.allocate(BUFFER_SIZE);
    HttpConversation http;
    boolean endOfInput;
    volatile boolean stopping;
    volatile boolean receiving;

    Connection(SocketChannel peer, HttpConversation http) {
      this.peer = peer;
      this.http = http;
    }
  }

  @Override
  final void serve(SocketChannel client) throws IOException, InterruptedException {
    Connection it = new Connection(client, conversation());
    connections.put(client, it);
    try {
      converse(it);
      finish(it);
    } finally {
      connections.remove(client);
      it.http.close();
    }
  }

  /** Ends the input, unless a part of a request has arrived. */
  @Override
  void dismiss(SocketChannel client) {
    Connection it = connections.get(client);
    if (it != null) {
      it.stopping = true;
      if (it.receiving) {
        return;
      }
    }
    super.dismiss(client);
  }

  HttpConversation conversation() {
    return new HttpConversation(config);
  }

  void converse(Connection it) throws IOException, InterruptedException {
    for (Progress next = advance(it); next != Progress.FINISHED; next = advance(it)) {
      switch (next) {
        case UNDERFLOW, WAITING -> await(it);
        case FILE -> {
          while (!it.http.transferFile(it.peer)) {
            it.http.copyFile(it.out.clear());
            writeFully(it.peer, it.out.flip());
          }
        }
        case OVERFLOW, FINISHED -> {}
      }
    }
  }

  private Progress advance(Connection it) throws IOException {
    if (it.stopping) {
      it.http.stop();
    }
    Progress next = it.http.advance(it.in.flip(), it.out.clear(), it.endOfInput, System.nanoTime());
    it.in.compact();
    it.receiving = it.http.isReceiving();
    it.out.flip();
    if (it.out.hasRemaining()) {
      byte[] bytes = Arrays.copyOf(it.out.array(), it.out.limit());
      send(it, new String(bytes, ISO_8859_1));
    }
    return next;
  }

  /** Sends a part of the output; a head is in one part. */
  void send(Connection it, String part) throws IOException {
    writeFully(it.peer, ByteBuffer.wrap(part.getBytes(ISO_8859_1)));
  }

  private void await(Connection it) throws IOException, InterruptedException {
    if (it.stopping && !it.http.isStopping()) {
      return; // The stop may have come after the last step.
    }
    OptionalLong due = it.http.due();
    long left = due.isPresent() ? due.getAsLong() - System.nanoTime() : 0;
    if (due.isPresent() && left <= 0) {
      return;
    }
    if (it.endOfInput || it.in.remaining() < BUFFER_SIZE) {
      NANOSECONDS.sleep(left);
    } else {
      it.endOfInput = !read(it, NANOSECONDS.toMillis(left) + (due.isPresent() ? 1 : 0));
    }
  }

  private boolean read(Connection it, long limit) throws IOException {
    byte[] bytes = new byte[BUFFER_SIZE / 2];
    it.peer.socket().setSoTimeout((int) limit);
    try {
      int n = it.peer.socket().getInputStream().read(bytes);
      if (n > 0) {
        receive(it, new String(bytes, 0, n, ISO_8859_1));
      } else {
        receiveFin(it);
      }
      return n >= 0;
    } catch (SocketTimeoutException _) {
      return true;
    }
  }

  /** Takes what a read has returned. */
  void receive(Connection it, String part) throws IOException {
    it.in.put(part.getBytes(ISO_8859_1));
  }

  /** Called when a read has found the client's FIN. */
  void receiveFin(Connection it) throws IOException {}

  /** Closes in stages: sends FIN, and reads until the client's FIN. */
  void finish(Connection it) throws IOException {
    finish(it, LINGER);
  }

  final void finish(Connection it, Duration linger) throws IOException {
    it.peer.shutdownOutput();
    Deadline deadline = Deadline.in(linger);
    while (!it.endOfInput && !deadline.isOver()) {
      it.in.clear();
      it.endOfInput = !read(it, NANOSECONDS.toMillis(deadline.nanos() - System.nanoTime()) + 1);
    }
  }
}
