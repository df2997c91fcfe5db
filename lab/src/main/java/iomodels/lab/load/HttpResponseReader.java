package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Reads the HTTP/1.1 responses of one connection, piece by piece as they arrive. It reads what the
 * program {@code http} sends under load, and rejects everything else: a response has status 200,
 * and either a {@code Content-Length} or chunks without extensions and trailers. For use by one
 * thread.
 *
 * <p>The head of a response is mostly that of the one before it. If it is the same, byte for byte,
 * it is not read again: the load generator must cost less than the server.
 */
final class HttpResponseReader {

  private static final int MAX_HEAD = 8 * 1024;
  private static final String STATUS = "HTTP/1.1 200 ";
  private static final String HEAD_END = "\r\n\r\n";

  /** Chunks of more bytes are rejected. */
  private static final int MAX_CHUNK = 1 << 24;

  private static final int HEXADECIMAL = 16;

  private enum State {
    HEAD,
    /** Content, or the content of a chunk. */
    CONTENT,
    CHUNK_SIZE,
    /** The line end after the content of a chunk, or after the last chunk. */
    CHUNK_END,
    COMPLETE
  }

  private final Consumer<ByteBuffer> content;
  private final Function<String, LoadFailure> failure;
  private State state = State.HEAD;

  /** The head so far, if it is not the known one. */
  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  /** The last head that was read, and what it says. */
  private ByteBuffer known = ByteBuffer.allocate(0);

  private boolean isChunked;
  private long contentLength;

  /** How many bytes of the content, or of the chunk, are missing. */
  private long missing;

  /** Digits of the size of a chunk, or bytes of a line end, so far. */
  private int count;

  private boolean isLastChunk;

  /**
   * Creates a reader.
   *
   * @param content receives the content, part by part
   * @param failure names the connection of a malformed response
   */
  HttpResponseReader(Consumer<ByteBuffer> content, Function<String, LoadFailure> failure) {
    this.content = content;
    this.failure = failure;
  }

  /** Whether the whole response has been read. */
  boolean isComplete() {
    return state == State.COMPLETE;
  }

  /** Expects the next response. */
  void reset() {
    state = State.HEAD;
  }

  /**
   * Consumes the bytes that belong to the response.
   *
   * @throws LoadFailure if the response is malformed, or not one that is expected
   */
  void read(ByteBuffer received) {
    while (received.hasRemaining() && state != State.COMPLETE) {
      switch (state) {
        case HEAD -> readHead(received);
        case CONTENT -> readContent(received);
        case CHUNK_SIZE -> readSize(received.get());
        case CHUNK_END -> readLineEnd(received.get());
        case COMPLETE -> throw new IllegalStateException();
      }
    }
  }

  private void readHead(ByteBuffer received) {
    if (head.size() == 0 && isKnown(received)) {
      received.position(received.position() + known.limit());
      beginContent();
      return;
    }
    while (received.hasRemaining()) {
      byte next = received.get();
      head.write(next);
      if (next == '\n' && head.toString(US_ASCII).endsWith(HEAD_END)) {
        parse(head.toString(US_ASCII));
        known = ByteBuffer.wrap(head.toByteArray());
        head.reset();
        beginContent();
        return;
      }
      if (head.size() > MAX_HEAD) {
        throw failure.apply("the head of a response has more than %d bytes".formatted(MAX_HEAD));
      }
    }
  }

  private boolean isKnown(ByteBuffer received) {
    int length = known.limit();
    if (length == 0 || received.remaining() < length) {
      return false;
    }
    return received.slice(received.position(), length).mismatch(known) < 0;
  }

  private void parse(String text) {
    String[] lines = text.substring(0, text.length() - HEAD_END.length()).split("\r\n", -1);
    if (!lines[0].startsWith(STATUS)) {
      throw failure.apply("a response begins with: " + lines[0]);
    }
    isChunked = false;
    contentLength = -1;
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon < 1) {
        throw failure.apply("a response has a malformed field: " + lines[i]);
      }
      String name = lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
      String value = lines[i].substring(colon + 1).strip();
      if (name.equals("content-length")) {
        if (contentLength >= 0 || !value.matches("[0-9]{1,18}")) {
          throw failure.apply("a response has a wrong Content-Length: " + value);
        }
        contentLength = Long.parseLong(value);
      } else if (name.equals("transfer-encoding")) {
        if (isChunked || !value.equalsIgnoreCase("chunked")) {
          throw failure.apply("a response has an unexpected Transfer-Encoding: " + value);
        }
        isChunked = true;
      }
    }
    if (isChunked == contentLength >= 0) {
      throw failure.apply(
          "a response needs either Content-Length or Transfer-Encoding: " + text.strip());
    }
  }

  private void beginContent() {
    if (isChunked) {
      begin(State.CHUNK_SIZE);
    } else {
      missing = contentLength;
      state = missing == 0 ? State.COMPLETE : State.CONTENT;
    }
  }

  private void begin(State next) {
    state = next;
    count = 0;
    if (next == State.CHUNK_SIZE) {
      missing = 0;
    }
  }

  private void readContent(ByteBuffer received) {
    int length = (int) Math.min(received.remaining(), missing);
    int last = received.limit();
    content.accept(received.limit(received.position() + length));
    received.limit(last);
    missing -= length;
    if (missing == 0) {
      if (isChunked) {
        begin(State.CHUNK_END);
      } else {
        state = State.COMPLETE;
      }
    }
  }

  /** Reads the line with the size of a chunk: digits, CR, LF. */
  private void readSize(byte next) {
    int digit = Character.digit(next, HEXADECIMAL);
    if (digit >= 0 && count >= 0 && missing < MAX_CHUNK) {
      missing = HEXADECIMAL * missing + digit;
      count++;
    } else if (next == '\r' && count > 0) {
      count = -1; // Only LF may follow.
    } else if (next == '\n' && count < 0) {
      isLastChunk = missing == 0;
      begin(isLastChunk ? State.CHUNK_END : State.CONTENT);
    } else {
      throw failure.apply("a response has a malformed size of a chunk");
    }
  }

  private void readLineEnd(byte next) {
    if (next != (count == 0 ? '\r' : '\n')) {
      throw failure.apply("a chunk of a response does not end with a line end");
    }
    count++;
    if (count == 2) {
      if (isLastChunk) {
        state = State.COMPLETE;
      } else {
        begin(State.CHUNK_SIZE);
      }
    }
  }
}
