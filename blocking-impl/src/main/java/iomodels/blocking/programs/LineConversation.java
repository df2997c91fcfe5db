package iomodels.blocking.programs;

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
 * order. It has two virtual threads: one answers, and meanwhile the other reads, since only a read
 * shows that the client has gone. They share a queue for one request. When it is full, the reader
 * waits, and TCP flow control holds the client back.
 */
final class LineConversation implements ProgramHost.Conversation {

  /** A parsed request. */
  interface Request {

    /**
     * Waits for the answer, or computes it.
     *
     * @throws InterruptedException if the client has gone
     */
    String answer() throws InterruptedException;
  }

  /** Understands lines. */
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

  /** An empty element means that there will be no more. */
  private final BlockingQueue<Optional<Request>> requests = new ArrayBlockingQueue<>(1);

  private volatile @Nullable Thread reader;

  /**
   * Does nothing yet.
   *
   * @param malformed the answer to a line that is no request; the conversation then ends
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
      answerer.interrupt(); // The client has gone: its answers are no longer needed.
      if (answerer.isAlive()) {
        answered.join();
      }
    }
  }

  /** Reads to the FIN, or to the first line that is no request. */
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
    requests.put(Optional.of(request)); // Waits while another is being answered.
  }

  /** Reads on to the FIN: closing with input unread would send RST, and lose the last answer. */
  private void discard() throws IOException {
    ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
    while (peer.read(in.clear()) >= 0) {
      // It is ignored.
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
    } catch (RuntimeException | Error e) { // An error, if there is no thread for a call.
      LOG.log(WARNING, "A request failed.", e);
      abort();
    } finally {
      answered.complete(null);
    }
  }

  static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(text.getBytes(UTF_8));
    while (out.hasRemaining()) {
      channel.write(out); // A peer that does not read holds us here: that is back-pressure.
    }
  }

  // end::read[]

  // tag::close[]
  /** As if the client had finished sending: {@code read} returns -1. */
  @Override
  public void endInput() {
    closeQuietly(peer::shutdownInput);
  }

  @Override
  public void abort() {
    closeQuietly(peer);
    Thread it = reader;
    if (it != null) {
      it.interrupt(); // It may wait in put.
    }
  }
  // end::close[]
}
