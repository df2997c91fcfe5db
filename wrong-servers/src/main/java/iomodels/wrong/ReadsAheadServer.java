package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A correct server that reads into its input buffer while a client does not take its output, and so
 * notices the client's FIN then. Wrong servers draw a wrong conclusion from that FIN.
 */
class ReadsAheadServer extends CorrectServer {

  private static final long LONGEST_PAUSE_MILLIS = 50;

  /** The clients whose FIN has come while the server was blocked, and when, in nanoseconds. */
  private final Map<Conversation, Long> ended = new ConcurrentHashMap<>();

  ReadsAheadServer(ServerConfig config, Service service) throws IOException {
    super(config, service);
  }

  @Override
  boolean receive(Conversation it) throws IOException {
    if (it.in.hasRemaining()) {
      return true;
    }
    return !hasEnded(it) && super.receive(it);
  }

  @Override
  void send(Conversation it) throws IOException, InterruptedException {
    it.channel.configureBlocking(false);
    long millis = 1;
    while (it.out.hasRemaining()) {
      int n = it.channel.write(it.out);
      it.bytesSent += n;
      if (n > 0) {
        millis = 1;
      } else {
        readAhead(it);
        awaitRoom(it, millis);
        millis = Math.min(2 * millis, LONGEST_PAUSE_MILLIS);
      }
    }
    it.channel.configureBlocking(true);
  }

  private void readAhead(Conversation it) throws IOException {
    if (!hasEnded(it)) {
      it.in.compact();
      int n = it.channel.read(it.in);
      it.in.flip();
      if (n < 0) {
        ended.put(it, System.nanoTime());
        endsWhileBlocked(it);
      }
    }
  }

  /** Called when the client's FIN comes while the client does not take its output. */
  void endsWhileBlocked(Conversation it) {}

  /** Waits until the client may take more. */
  void awaitRoom(Conversation it, long millis) throws IOException, InterruptedException {
    TimeUnit.MILLISECONDS.sleep(millis);
  }

  /** Returns whether the client's FIN has come while the server was blocked. */
  final boolean hasEnded(Conversation it) {
    return ended.containsKey(it);
  }

  /** Returns for how long the server has known of the client's FIN, in nanoseconds. */
  final long endedFor(Conversation it) {
    return System.nanoTime() - ended.getOrDefault(it, System.nanoTime());
  }
}
