package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A conversation in which each line is a request, and requests are answered one at a time, in
 * order. It has two virtual threads: while one answers, the other reads, since only a read detects
 * that the client has disconnected. They share a queue for one request. When the queue is full, the
 * reader waits, and TCP flow control slows the client down.
 */
final class LineConversation implements ProgramHost.Conversation {

  /** A parsed request. */
  interface Request {

    /**
     * Computes the answer, or waits for it.
     *
     * @throws InterruptedException if the client has disconnected
     */
    String answer() throws InterruptedException;
  }

  /** Parses requests. */
  interface Parser {

    /** Returns the request; empty if the line is malformed. */
    Optional<Request> parse(String line);
  }

  private static final System.Logger LOG = System.getLogger(LineConversation.class.getName());
  private static final int BUFFER_SIZE = 2 * 1024;

  private final SocketChannel peer;
  private final Parser parser;
  private final String malformed;
  private final Thread answerer = Thread.ofVirtual().unstarted(this::answer);
  private final CompletableFuture<Void> answered = new CompletableFuture<>();

  /** An empty element marks the end of the requests. */
  private final BlockingQueue<Optional<Request>> requests = new ArrayBlockingQueue<>(1);

  private volatile @Nullable Thread reader;

  /**
   * Creates the conversation; {@link #run} starts it.
   *
   * @param malformed the answer to a malformed line; the conversation then ends
   */
  LineConversation(SocketChannel peer, Parser parser, String malformed) {
    this.peer = peer;
    this.parser = parser;
    this.malformed = malformed;
  }

  // tag::read[]
  @Override
  public void run() {
    reader = Thread.currentThread();
    try (peer) {
      answerer.start();
      peer.setOption(TCP_NODELAY, true);
      read();
      requests.put(Optional.empty());
      discard();
      answerer.join();
    } catch (IOException | InterruptedException | OutOfMemoryError _) {
      answerer.interrupt(); // The client has disconnected: its answers are no longer needed.
      if (answerer.isAlive()) {
        answered.join();
      }
    }
  }

  /** Reads until the FIN, or until the first malformed line. */
  private void read() throws IOException, InterruptedException {
    LineReader lines = new LineReader();
    ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
    while (peer.read(in.clear()) >= 0) {
      in.flip();
      try {
        for (var line = lines.next(in); line.isPresent(); line = lines.next(in)) {
          Optional<Request> request = parser.parse(line.get());
          put(request.orElse(() -> malformed));
          if (request.isEmpty()) {
            return;
          }
        }
      } catch (LineTooLongException _) {
        put(() -> LineTooLongException.ANSWER);
        return;
      }
    }
  }

  private void put(Request request) throws InterruptedException {
    requests.put(Optional.of(request)); // Blocks while the queue is full.
  }

  /** Reads until the FIN: closing with unread input would send RST, and lose the last answer. */
  private void discard() throws IOException {
    ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
    while (peer.read(in.clear()) >= 0) {
      // The input is discarded.
    }
  }

  private void answer() {
    try {
      for (var next = requests.take(); next.isPresent(); next = requests.take()) {
        write(peer, next.get().answer());
      }
      peer.shutdownOutput();
    } catch (IOException | InterruptedException _) {
      abort();
    } catch (RuntimeException | Error e) { // An Error if the system has no thread left for a call.
      LOG.log(WARNING, "A request failed.", e);
      abort();
    } finally {
      answered.complete(null);
    }
  }

  static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(text.getBytes(UTF_8));
    while (out.hasRemaining()) {
      channel.write(out); // Blocks while the peer does not read: this is back-pressure.
    }
  }

  // end::read[]

  // tag::close[]
  /** {@code read} then returns -1, as if the client had sent FIN. */
  @Override
  public void endInput() {
    closeQuietly(peer::shutdownInput);
  }

  @Override
  public void abort() {
    closeQuietly(peer);
    Thread it = reader;
    if (it != null) {
      it.interrupt(); // It may be blocked in put.
    }
  }
  // end::close[]
}
