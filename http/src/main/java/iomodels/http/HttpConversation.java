package iomodels.http;

import iomodels.http.Content.State;
import iomodels.program.HttpRoute;
import iomodels.program.HttpRoute.Refusal;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The server's side of an HTTP/1.1 connection (RFC 9112): reads requests, and decides what to
 * answer. It does no I/O, except that it opens and transfers files. The server decides when to read
 * and write, where bytes wait, and how to wait for a time. Jetty's parser reads the requests.
 *
 * <p>Requests are answered in order, one at a time. Content is passed on as it arrives: the memory
 * in use is bounded by the buffers of the server and {@link #MAX_HEAD}. After an error, after a
 * request with {@code Connection: close}, and after a request whose content was not read, the
 * conversation is over, and the server closes the connection in stages (RFC 9112, section 9.6).
 *
 * <p>Not safe for use by several threads at the same time. The caller closes it.
 */
public final class HttpConversation implements AutoCloseable {

  /** The most bytes that the head of a request may have; a longer one is refused. */
  public static final int MAX_HEAD = 8 * 1024;

  /** The least size of an output buffer. */
  public static final int MIN_OUT = 64;

  /** What the server has to do after {@link #advance}, besides writing {@code out}. */
  public enum Progress {
    /** The input is used up. The server reads more, or calls again when {@link #due} is reached. */
    UNDERFLOW,
    /** {@code out} is full. The server writes it and calls again; it need not read meanwhile. */
    OVERFLOW,
    /**
     * There is nothing to do before {@link #due}. Meanwhile the server may read, to find out that
     * the client has gone.
     */
    WAITING,
    /** When {@code out} is written, a file follows: {@link #transferFile}. */
    FILE,
    /**
     * The conversation is over. When {@code out} is written, the server sends FIN, and discards
     * input until the client's FIN, for a limited time: closing with unread input would send RST,
     * and the client could lose the last response.
     */
    FINISHED
  }

  /** What the conversation does next. */
  private enum Phase {
    /** Reads the head of a request. */
    HEAD,
    /** Reads the content of a request; with {@code upper}, sends it back. */
    REQUEST_CONTENT,
    /** Waits before it sends a response. */
    DELAY,
    /** Sends the content of a response. */
    RESPONSE_CONTENT,
    /** Lets the server send a file. */
    FILE,
    FINISHED
  }

  private static final String CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
  private static final String TEXT = "text/plain";
  private static final String BINARY = "application/octet-stream";

  private final ProgramConfig config;
  private final RequestReader reader = new RequestReader(MAX_HEAD);
  private Phase phase = Phase.HEAD;
  private boolean stopping;

  /** Bytes that come before anything else. */
  private ByteBuffer pending = ByteBuffer.allocate(0);

  /** When the head that is being received has to be complete. */
  private OptionalLong headDeadline = OptionalLong.empty();

  /** What is being answered. */
  private HttpRoute route = new HttpRoute.Hello();

  private boolean isHead;
  private boolean isPersistent;

  /** How many bytes of content the request has had so far. */
  private long received;

  /** When a delayed response is due, by {@link System#nanoTime}. */
  private long delayEnd;

  private Framing framing = Framing.LENGTH;
  private Content content = Content.none();
  private Optional<FileTransfer> file = Optional.empty();

  /**
   * Creates a conversation.
   *
   * @param config the folder of the files, and the deadline by which the head of a request has to
   *     be complete, counted from its first byte
   */
  public HttpConversation(ProgramConfig config) {
    this.config = config;
  }

  /**
   * Consumes input from {@code in}, and puts output into {@code out}. It uses the bytes between
   * position and limit of each buffer, advances the positions, and does not keep the buffers.
   *
   * @param in the input that follows the bytes consumed by earlier calls; may be empty
   * @param out receives output; has at least {@link #MIN_OUT} bytes, and does not share memory with
   *     {@code in}
   * @param endOfInput whether the client's FIN follows {@code in}; once true, true in every later
   *     call
   * @param now the time, by {@link System#nanoTime}
   */
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput, long now) {
    while (true) {
      if (!flush(out)) {
        return Progress.OVERFLOW;
      }
      switch (phase) {
        case HEAD -> {
          if (!readHead(in, endOfInput, now)) {
            return Progress.UNDERFLOW;
          }
        }
        case REQUEST_CONTENT -> {
          if (out.remaining() <= Framing.OVERHEAD) {
            return Progress.OVERFLOW;
          }
          if (!readContent(in, out, endOfInput)) {
            return Progress.UNDERFLOW;
          }
        }
        case DELAY -> {
          if (now - delayEnd < 0) {
            return Progress.WAITING;
          }
          isPersistent &= !stopping;
          text((HttpRoute.Text) route);
        }
        case RESPONSE_CONTENT -> {
          State state = content.fill(out, now);
          if (state != State.DONE) {
            return state == State.FULL ? Progress.OVERFLOW : Progress.WAITING;
          }
          endExchange();
        }
        case FILE -> {
          return Progress.FILE;
        }
        case FINISHED -> {
          in.position(in.limit());
          return Progress.FINISHED;
        }
      }
    }
  }

  /** Puts what is pending into {@code out}; returns whether all of it fitted. */
  private boolean flush(ByteBuffer out) {
    int length = Math.min(pending.remaining(), out.remaining());
    out.put(pending.slice(pending.position(), length));
    pending.position(pending.position() + length);
    return !pending.hasRemaining();
  }

  /**
   * The time at which {@link #advance} has to be called again even without input, by {@link
   * System#nanoTime}; empty if there is none. Valid until the next call.
   */
  public OptionalLong due() {
    return switch (phase) {
      case HEAD -> headDeadline;
      case DELAY -> OptionalLong.of(delayEnd);
      case RESPONSE_CONTENT -> content.due();
      case REQUEST_CONTENT, FILE, FINISHED -> OptionalLong.empty();
    };
  }

  /**
   * Sends as many bytes of the file as the channel takes, on Linux by sendfile(2). To be called
   * after {@link Progress#FILE}, when {@code out} has been written.
   *
   * @return whether the file is complete; the server then calls {@link #advance} again
   * @throws IOException if the file cannot be read, or the channel cannot be written
   */
  public boolean transferFile(WritableByteChannel channel) throws IOException {
    boolean complete = file.orElseThrow().transferTo(channel);
    if (complete) {
      isPersistent &= file.orElseThrow().isWhole();
      close();
      endExchange();
    }
    return complete;
  }

  /**
   * Copies bytes of the file into a buffer, instead of {@link #transferFile}: for a channel that
   * cannot wait for room by itself.
   *
   * @throws IOException if the file cannot be read
   */
  public void copyFile(ByteBuffer out) throws IOException {
    file.orElseThrow().copyTo(out);
  }

  /**
   * Whether a request has begun to arrive and is not complete. A server that stops goes on reading
   * then.
   */
  public boolean isReceiving() {
    return phase == Phase.REQUEST_CONTENT || (phase == Phase.HEAD && !reader.isIdle());
  }

  /** Whether {@link #stop} has been called. */
  public boolean isStopping() {
    return stopping;
  }

  /**
   * Ends the conversation, because the server stops: after the response that has begun, or at once
   * if the client is idle. An event stream ends with its last event. The server calls {@link
   * #advance} again.
   */
  public void stop() {
    stopping = true;
    content.stop();
  }

  /** Closes the file that is being sent, if there is one. */
  @Override
  public void close() {
    file.ifPresent(FileTransfer::close);
    file = Optional.empty();
  }

  /** Returns whether there was enough input to go on. */
  private boolean readHead(ByteBuffer in, boolean endOfInput, long now) {
    if (stopping && reader.isIdle() && !in.hasRemaining()) {
      phase = Phase.FINISHED;
      return true;
    }
    switch (reader.readHead(in, endOfInput)) {
      case COMPLETE -> answer(reader.head(), now);
      case MALFORMED -> refuse(reader.refusal());
      case ENDED -> phase = Phase.FINISHED;
      case INCOMPLETE -> {
        if (reader.isIdle()) {
          return false;
        }
        if (headDeadline.isEmpty()) {
          headDeadline = OptionalLong.of(now + config.deadline().toNanos());
        }
        if (now - headDeadline.getAsLong() < 0) {
          return false;
        }
        refuse(new Refusal(408, "the request took too long\n"));
      }
    }
    headDeadline = OptionalLong.empty();
    return true;
  }

  private void answer(RequestHead head, long now) {
    route = HttpRoute.of(head.method(), head.target(), config.folder());
    isHead = head.isHead();
    Optional<Refusal> refusal = HttpRoute.refusalOfCodings(head.codings());
    boolean readsContent = route instanceof HttpRoute.Upper || route instanceof HttpRoute.Sink;
    isPersistent = head.isPersistent() && !stopping && (readsContent || !head.hasContent());
    if (head.isNewer()) {
      refuse(new Refusal(505, "only HTTP/1.1 and HTTP/1.0\n"));
    } else if (refusal.isPresent()) {
      refuse(refusal.get());
    } else if (head.hasUnknownExpectation()) {
      refuse(new Refusal(417, "only 100-continue can be expected\n"));
    } else if (readsContent) {
      receive(head);
    } else {
      reader.skipEmptyContent();
      respond(head, now);
    }
  }

  /** Begins to read the content of a request; the response to {@code upper} begins as well. */
  private void receive(RequestHead head) {
    if (route instanceof HttpRoute.Sink && head.length() > HttpRoute.SINK_LIMIT) {
      refuse(HttpRoute.Sink.TOO_LONG);
      return;
    }
    ResponseHead response = new ResponseHead();
    if (head.expectsContinue() && head.hasContent()) {
      response.add(CONTINUE);
    }
    if (route instanceof HttpRoute.Upper) {
      framing = head.isChunked() ? Framing.CHUNKED : Framing.LENGTH;
      response.begin(200, isPersistent).type(BINARY).framing(framing, Math.max(0, head.length()));
      response.end();
    }
    pending = response.bytes();
    received = 0;
    phase = Phase.REQUEST_CONTENT;
  }

  /** Returns whether there was enough input to go on. */
  private boolean readContent(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    boolean isUpper = route instanceof HttpRoute.Upper;
    int atMost = isUpper ? out.remaining() - Framing.OVERHEAD : Integer.MAX_VALUE;
    RequestReader.Step step =
        reader.readContent(in, atMost, endOfInput, it -> take(it, isUpper, out));
    if (!isUpper && received > HttpRoute.SINK_LIMIT) {
      refuse(HttpRoute.Sink.TOO_LONG);
      return true;
    }
    switch (step) {
      case INCOMPLETE -> {
        return in.hasRemaining();
      }
      case COMPLETE -> {
        pending =
            isUpper ? framing.end() : new ResponseHead().begin(204, isPersistent).end().bytes();
        endExchange();
      }
      case MALFORMED, ENDED -> {
        if (isUpper) {
          phase = Phase.FINISHED; // Without its end, the response is seen to be incomplete.
        } else {
          refuse(new Refusal(400, "the content is incomplete or malformed\n"));
        }
      }
    }
    return true;
  }

  /** Takes content of the request. */
  private void take(ByteBuffer bytes, boolean isUpper, ByteBuffer out) {
    received += bytes.remaining();
    if (isUpper) {
      framing.begin(out, bytes.remaining());
      HttpRoute.Upper.put(bytes, out);
      framing.finish(out);
    }
  }

  private void respond(RequestHead head, long now) {
    switch (route) {
      case HttpRoute.Slow it -> {
        delayEnd = now + it.delay().toNanos();
        phase = Phase.DELAY;
      }
      case HttpRoute.Text it -> text(it);
      case HttpRoute.Bytes it -> {
        begin(BINARY, it.chunked() ? openEnded(head) : Framing.LENGTH, it.length());
        content = isHead ? Content.none() : Content.pattern(it.length(), framing);
      }
      case HttpRoute.Ticker it -> {
        begin(HttpRoute.EVENT_STREAM, openEnded(head), 0);
        content = isHead ? Content.none() : Content.ticker(it.interval(), now, framing);
      }
      case HttpRoute.Resource it -> send(it);
      case HttpRoute.Upper _, HttpRoute.Sink _ -> throw new IllegalStateException("it is read");
    }
  }

  /** Returns the framing of a response whose length is not known at its beginning. */
  private Framing openEnded(RequestHead head) {
    isPersistent &= !head.isOld();
    return head.isOld() ? Framing.UNTIL_CLOSE : Framing.CHUNKED;
  }

  /** Begins a response with content. */
  private void begin(String type, Framing wanted, long length) {
    framing = wanted;
    pending =
        new ResponseHead()
            .begin(200, isPersistent)
            .type(type)
            .framing(framing, length)
            .end()
            .bytes();
    phase = Phase.RESPONSE_CONTENT;
  }

  private void text(HttpRoute.Text answer) {
    ResponseHead response = new ResponseHead().begin(answer.status(), isPersistent).type(TEXT);
    if (answer instanceof Refusal refusal && !refusal.allow().isEmpty()) {
      response.field("Allow", refusal.allow());
    }
    response.framing(Framing.LENGTH, answer.text().length()).end();
    if (!isHead) {
      response.add(answer.text());
    }
    pending = response.bytes();
    endExchange();
  }

  /** Refuses a request, and ends the conversation: the next request cannot be found. */
  private void refuse(Refusal refusal) {
    isPersistent = false;
    text(refusal);
  }

  private void send(HttpRoute.Resource wanted) {
    try {
      FileTransfer transfer = new FileTransfer(wanted.open());
      begin(wanted.mediaType(), Framing.LENGTH, transfer.length());
      if (isHead) {
        transfer.close();
      } else {
        file = Optional.of(transfer);
        phase = Phase.FILE;
      }
    } catch (IOException _) {
      text(HttpRoute.Resource.NOT_FOUND);
    }
  }

  private void endExchange() {
    content = Content.none();
    isHead = false;
    phase = isPersistent && reader.next() ? Phase.HEAD : Phase.FINISHED;
  }
}
