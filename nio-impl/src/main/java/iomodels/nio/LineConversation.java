package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * A conversation in which each line is a request, and requests are answered one at a time, in
 * order, as a state machine. While a request is pending, up to one buffer of further input is read,
 * since only a read detects that the client has disconnected. Further input stays in the kernel,
 * and TCP flow control slows the client down.
 */
abstract class LineConversation implements ProgramLoop.Conversation, Runnable {

  private static final System.Logger LOG = System.getLogger(LineConversation.class.getName());
  private static final int BUFFER_SIZE = 2 * 1024;

  private enum State {
    /** Between two requests. */
    IDLE,
    /** A request is being answered. */
    PENDING,
    /** An error has been sent; further input is discarded until the FIN. */
    REFUSED
  }

  private final SocketChannel peer;
  private final ProgramLoop loop;
  private final SelectionKey key;
  private final LineReader lines = new LineReader();
  private final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE);
  private ByteBuffer unsent = ByteBuffer.allocate(0);
  private State state = State.IDLE;

  /** Whether the client's FIN has been read. */
  private boolean endOfInput;

  LineConversation(SocketChannel peer, ProgramLoop loop) throws IOException {
    this.peer = peer;
    this.loop = loop;
    this.key = loop.register(peer, OP_READ, this);
  }

  /**
   * Starts a request. The subclass calls {@link #answerNow} within this method, or {@link #answer}
   * later.
   *
   * @return false if the line is malformed
   */
  abstract boolean start(String line);

  /** The answer to a malformed line. */
  abstract String malformed();

  /** Cancels the pending request, if there is one, because the client has disconnected. */
  abstract void cancel();

  // tag::read[]
  @Override
  public final void run() {
    if (key.isValid()) { // Else another connection's turn has closed it.
      guard(
          () -> {
            if (key.isReadable()) {
              endOfInput |= peer.read(in) < 0;
            }
            advance();
          });
    }
  }

  private interface Turn {
    void run() throws IOException;
  }

  /** Ensures that a failure ends only this conversation, not the loop. */
  private void guard(Turn turn) {
    try {
      turn.run();
    } catch (IOException _) {
      abort();
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A request failed.", e);
      abort();
    }
  }

  private void advance() throws IOException {
    send();
    in.flip();
    while (state == State.IDLE && !unsent.hasRemaining()) {
      Optional<String> line = nextLine();
      if (line.isEmpty()) {
        break;
      }
      take(line.get());
    }
    if (state == State.REFUSED) {
      in.position(in.limit()); // Closing with unread input would send RST.
    }
    in.compact();
    if (!peer.isOpen()) {
      return; // It was closed while a request was started.
    }
    boolean isAnswered = state != State.PENDING && !unsent.hasRemaining();
    if (isAnswered && (endOfInput || state == State.REFUSED)) {
      peer.shutdownOutput();
    }
    if (isAnswered && endOfInput) {
      abort(); // Both directions have ended.
    } else {
      int reading = endOfInput || !in.hasRemaining() ? 0 : OP_READ;
      key.interestOps(reading | (unsent.hasRemaining() ? OP_WRITE : 0));
    }
  }

  private Optional<String> nextLine() {
    try {
      return lines.next(in);
    } catch (LineTooLongException _) {
      refuse(LineTooLongException.ANSWER);
      return Optional.empty();
    }
  }

  private void take(String line) throws IOException {
    state = State.PENDING;
    if (!start(line)) {
      refuse(malformed());
    }
    send();
  }

  private void refuse(String error) {
    state = State.REFUSED;
    unsent = ByteBuffer.wrap(error.getBytes(UTF_8));
  }

  private void send() throws IOException {
    if (unsent.hasRemaining() && peer.isOpen()) {
      peer.write(unsent);
    }
  }

  /** Answers the request at once; to be called within {@link #start}. */
  final void answerNow(String text) {
    state = State.IDLE;
    unsent = ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  /** Answers the pending request, and starts the next one. */
  final void answer(String text) {
    if (state != State.PENDING || !peer.isOpen()) {
      return; // The client has disconnected.
    }
    answerNow(text);
    guard(this::advance);
  }

  // end::read[]

  // tag::close[]
  @Override
  public final void endInput() {
    endOfInput = true;
    guard(this::advance);
  }

  @Override
  public final void abort() {
    Network.closeQuietly(peer);
    cancel();
    loop.closed(this);
  }
  // end::close[]
}
