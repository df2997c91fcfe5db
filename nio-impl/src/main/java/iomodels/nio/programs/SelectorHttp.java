package iomodels.nio.programs;

import static java.lang.System.Logger.Level.WARNING;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import iomodels.http.HttpBuffers;
import iomodels.http.HttpConversation;
import iomodels.http.HttpConversation.Progress;
import iomodels.nio.Network;
import iomodels.nio.programs.ProgramLoop.Timer;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An HTTP server with one thread: {@link ProgramLoop} waits for all sockets and timers. The page
 * says for each connection what to wait for: for input, for room in the socket, for a time, or for
 * the client's FIN. While it waits for room, it does not read: that is the back-pressure.
 *
 * <p>{@link HttpConversation} decides what to answer; this page decides when to read and to write.
 */
final class SelectorHttp {

  private static final System.Logger LOG = System.getLogger(SelectorStyle.NAME + "-http");

  /** How many buffers a connection may fill in one turn: other connections wait meanwhile. */
  private static final int MAX_BUFFERS = 16;

  /** How long the server reads on after its FIN. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private SelectorHttp() {}

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramLoop(config, "http", (peer, loop) -> new Client(peer, loop, config));
  }

  // end::accept[]

  private static final class Client implements ProgramLoop.Conversation, Runnable {

    private final SocketChannel peer;
    private final ProgramLoop loop;
    private final HttpConversation http;
    private ByteBuffer in = HttpBuffers.small();

    /** Between position and limit, what waits for room in the socket. */
    private ByteBuffer out = HttpBuffers.small().limit(0);

    private final SelectionKey key;
    private Progress progress = Progress.UNDERFLOW;
    private Optional<Timer> timer = Optional.empty();
    private boolean endOfInput;

    /** Whether FIN has been sent; input is then discarded. */
    private boolean finished;

    Client(SocketChannel peer, ProgramLoop loop, ProgramConfig config) throws IOException {
      this.peer = peer;
      this.loop = loop;
      http = new HttpConversation(config);
      key = loop.register(peer, OP_READ, this);
    }

    // tag::converse[]
    @Override
    public void run() {
      if (key.isValid()) { // Otherwise it has been closed in this round.
        guard(
            () -> {
              if (key.isReadable()) {
                endOfInput |= peer.read(in) < 0;
                in = in.hasRemaining() ? in : HttpBuffers.grow(in);
              }
              advance();
            });
      }
    }

    private interface Turn {
      void run() throws IOException;
    }

    /** Ensures that a failure ends only this connection. */
    private void guard(Turn turn) {
      try {
        turn.run();
      } catch (IOException _) {
        abort(); // The client has gone.
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A request failed.", e);
        abort();
      }
    }

    /** Goes on until there is something to wait for. */
    private void advance() throws IOException {
      for (int i = 0; i < MAX_BUFFERS && !finished; i++) {
        if (!write()) {
          await(OP_WRITE);
          return;
        }
        out = progress == Progress.OVERFLOW ? HttpBuffers.grow(out.clear()) : out.clear();
        progress = http.advance(in.flip(), out, endOfInput, System.nanoTime());
        in.compact();
        out.flip();
        boolean isIdle = progress == Progress.UNDERFLOW || progress == Progress.WAITING;
        if (isIdle && write()) {
          await(endOfInput || !in.hasRemaining() ? 0 : OP_READ);
          return;
        }
        if (progress == Progress.FINISHED && write()) {
          finish();
        }
      }
      if (finished) {
        discard();
      } else {
        await(OP_WRITE); // Other connections have their turns first.
      }
    }

    /** Writes what waits, and then the file, if there is one; returns whether all was taken. */
    private boolean write() throws IOException {
      if (out.hasRemaining()) {
        peer.write(out);
      }
      return !out.hasRemaining() && (progress != Progress.FILE || http.transferFile(peer));
    }

    // end::converse[]

    // tag::wait[]
    /** Waits for these operations of the socket, or until something is due. */
    private void await(int operations) {
      key.interestOps(operations);
      timer.ifPresent(loop::cancel);
      OptionalLong due = operations == OP_WRITE ? OptionalLong.empty() : http.due();
      timer =
          due.isPresent()
              ? Optional.of(
                  loop.after(Duration.ofNanos(due.getAsLong() - System.nanoTime()), this::onTime))
              : Optional.empty();
    }

    private void onTime() {
      timer = Optional.empty();
      guard(this::advance);
    }

    // end::wait[]

    // tag::close[]
    /** Closing with unread input would send RST, and the client could lose the last response. */
    private void finish() throws IOException {
      peer.shutdownOutput();
      finished = true;
      timer.ifPresent(loop::cancel);
      timer = Optional.of(loop.after(LINGER, this::abort));
    }

    private void discard() {
      in.clear();
      if (endOfInput) {
        abort(); // Both directions have ended.
      } else {
        key.interestOps(OP_READ);
      }
    }

    @Override
    public void endInput() {
      http.stop();
      guard(this::advance);
    }

    @Override
    public void abort() {
      timer.ifPresent(loop::cancel);
      http.close();
      Network.closeQuietly(peer);
      loop.closed(this);
    }
    // end::close[]
  }
}
