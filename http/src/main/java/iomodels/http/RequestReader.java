package iomodels.http;

import iomodels.program.HttpRoute.Refusal;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;

/**
 * Reads requests, one after another, with Jetty's parser. A step ends at the end of the head, at
 * the end of the content, or at the end of the input.
 */
final class RequestReader implements HttpParser.RequestHandler {

  /** What a step has led to. */
  enum Step {
    /** More input is needed. */
    INCOMPLETE,
    /** The head, or the content, is complete. */
    COMPLETE,
    /** The head is malformed or incomplete: {@link #refusal}. */
    MALFORMED,
    /** The input has ended before a request; or the content is incomplete or malformed. */
    ENDED
  }

  private final HttpParser parser;
  private Optional<RequestHead> head = Optional.empty();
  private Optional<Refusal> refusal = Optional.empty();
  private boolean headComplete;
  private boolean complete;
  private boolean ended;
  private Consumer<ByteBuffer> receiver = _ -> {};

  /** Creates a reader that accepts no head with more than this many bytes. */
  RequestReader(int maxHead) {
    parser = new HttpParser(this, maxHead, HttpCompliance.STRICT);
  }

  /** Returns whether nothing of the next request has arrived. */
  boolean isIdle() {
    return parser.isStart();
  }

  /** Returns the head that is complete. */
  RequestHead head() {
    return head.orElseThrow();
  }

  /** Returns the answer to a malformed request. */
  Refusal refusal() {
    return refusal.orElseThrow();
  }

  /** Reads the head of a request. */
  Step readHead(ByteBuffer in, boolean endOfInput) {
    return parse(in, Integer.MAX_VALUE, endOfInput, () -> headComplete);
  }

  /** Ends a request without content. */
  void skipEmptyContent() {
    if (!head().hasContent()) {
      parser.parseNext(ByteBuffer.allocate(0));
    }
  }

  /**
   * Reads content.
   *
   * @param atMost how many bytes to consume at most, those of the framing included
   * @param receiver receives the content, part by part
   */
  Step readContent(ByteBuffer in, int atMost, boolean endOfInput, Consumer<ByteBuffer> receiver) {
    this.receiver = receiver;
    return parse(in, atMost, endOfInput, () -> complete);
  }

  /** Begins with the next request; returns false if there cannot be one. */
  boolean next() {
    head = Optional.empty();
    headComplete = false;
    complete = false;
    parser.reset();
    return parser.isStart();
  }

  private Step parse(ByteBuffer in, int atMost, boolean endOfInput, BooleanSupplier isDone) {
    int length = Math.min(in.remaining(), atMost);
    ByteBuffer part =
        in.duplicate().limit(in.position() + length); // The parser clears it on error.
    if (endOfInput && length == in.remaining()) {
      parser.atEOF();
    }
    do {
      parser.parseNext(part);
      if (refusal.isPresent() || ended) {
        in.position(in.limit());
        return refusal.isPresent() ? Step.MALFORMED : Step.ENDED;
      }
    } while (!isDone.getAsBoolean() && part.hasRemaining());
    in.position(part.position());
    return isDone.getAsBoolean() ? Step.COMPLETE : Step.INCOMPLETE;
  }

  @Override
  public void startRequest(String method, String target, HttpVersion version) {
    head = Optional.of(new RequestHead(method, target, version));
  }

  @Override
  public void parsedHeader(HttpField field) {
    head().add(field);
  }

  @Override
  public boolean headerComplete() {
    headComplete = true;
    return true;
  }

  @Override
  public boolean content(ByteBuffer bytes) {
    receiver.accept(bytes);
    return false;
  }

  @Override
  public boolean contentComplete() {
    return false;
  }

  @Override
  public boolean messageComplete() {
    complete = true;
    return true;
  }

  /** Called at the end of the input, and for malformed content. */
  @Override
  public void earlyEOF() {
    ended = true;
  }

  @Override
  public void badMessage(HttpException failure) {
    String reason = HttpStatus.getMessage(failure.getCode()).toLowerCase(Locale.ROOT);
    refusal = Optional.of(new Refusal(failure.getCode(), reason + "\n"));
  }
}
