package iomodels.vertx.programs;

import static java.lang.System.Logger.Level.WARNING;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.vertx.DuplexSocket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/**
 * A conversation in which each line is a request, with handlers. It answers the requests one at a
 * time, in order. While a request is pending it reads one chunk ahead, since only a read detects
 * that the client has disconnected. Further input stays in the kernel, and TCP flow control slows
 * the client down.
 *
 * <p>Thread: the event loop of the client.
 */
final class LineConversation {

  /** A parsed request, which starts nothing before {@link #answer}. */
  interface Request {

    /** Starts to answer the request. If the future fails, the client is disconnected. */
    Future<String> answer();

    /** Cancels the request: the client has disconnected. */
    void cancel();
  }

  /** Parses lines. */
  interface Parser {

    /** Returns the request; empty if the line is malformed. */
    Optional<Request> parse(String line);
  }

  private static final System.Logger LOG = System.getLogger(LineConversation.class.getName());
  private static final int READ_AHEAD = 1;

  private enum State {
    /** No request is pending. */
    IDLE,
    /** A request is being answered. */
    PENDING,
    /** An error is the last answer; further input is discarded. */
    REFUSED,
    /** FIN is sent, or follows when all answers are sent; or the client has disconnected. */
    FINISHED
  }

  private final DuplexSocket client;
  private final Parser parser;
  private final String malformed;
  private final LineReader lines = new LineReader();
  private final Queue<ByteBuffer> unread = new ArrayDeque<>();
  private Optional<Request> pending = Optional.empty();
  private State state = State.IDLE;

  /**
   * Creates a conversation; {@link #start} begins it.
   *
   * @param malformed answer to a malformed line, after which the conversation ends
   */
  LineConversation(DuplexSocket client, Parser parser, String malformed) {
    this.client = client;
    this.parser = parser;
    this.malformed = malformed;
  }

  // tag::read[]
  void start() {
    client
        .handler(this::received)
        .endHandler(_ -> advance())
        .shutdownHandler(_ -> client.endInputWhenIdle(() -> unread.size() <= READ_AHEAD));
    client.whenClosed().onComplete(_ -> gone());
  }

  private void received(Buffer chunk) {
    unread.add(ByteBuffer.wrap(chunk.getBytes()));
    if (unread.size() > READ_AHEAD) {
      client.pause();
    }
    advance();
  }

  private void advance() {
    while (state == State.IDLE && !client.writeQueueFull()) {
      Optional<String> line = nextLine();
      if (line.isEmpty()) {
        break;
      }
      take(line.get());
    }
    if (state == State.IDLE && client.writeQueueFull()) {
      client.drainHandler(_ -> advance());
    } else if (state != State.PENDING) {
      if (state == State.REFUSED || (state == State.IDLE && client.isInputEnded())) {
        finish();
      }
      client.resume();
    }
  }

  private Optional<String> nextLine() {
    for (ByteBuffer chunk = unread.peek(); chunk != null; chunk = unread.peek()) {
      try {
        Optional<String> line = lines.next(chunk);
        if (line.isPresent()) {
          return line;
        }
      } catch (LineTooLongException _) {
        refuse(LineTooLongException.ANSWER);
        return Optional.empty();
      }
      unread.remove();
    }
    return Optional.empty();
  }

  private void refuse(String error) {
    state = State.REFUSED;
    client.write(error);
  }

  private void take(String line) {
    pending = parser.parse(line);
    if (pending.isEmpty()) {
      refuse(malformed);
      return;
    }
    state = State.PENDING;
    Future<String> answer = pending.get().answer();
    if (answer.succeeded()) { // With a handler, each such line would nest a call.
      answered(answer.result());
    } else {
      answer
          .onSuccess(
              text -> {
                if (state == State.PENDING) { // Otherwise the client has gone.
                  answered(text);
                  advance();
                }
              })
          .onFailure(
              bug -> {
                LOG.log(WARNING, "A request failed.", bug);
                client.close();
              });
    }
  }

  private void answered(String text) {
    state = State.IDLE;
    pending = Optional.empty();
    client.write(text);
  }

  // end::read[]

  // tag::close[]
  /** Sends FIN when all answers are sent; the client's FIN then closes the socket. */
  private void finish() {
    state = State.FINISHED;
    unread.clear();
    client.handler(null); // Discards input: closing a socket with unread input sends RST.
    client.end();
  }

  private void gone() {
    state = State.FINISHED;
    unread.clear();
    pending.ifPresent(Request::cancel);
  }
  // end::close[]
}
