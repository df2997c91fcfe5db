package iomodels.lab.load;

import java.nio.ByteBuffer;
import java.util.function.Function;

/**
 * Verifies HTTP responses: status 200, and the content. The head may differ from response to
 * response. For use by one thread.
 */
final class HttpReply implements ReplyVerifier {

  private final ExactReply content;
  private final HttpResponseReader reader;
  private final Function<String, LoadFailure> failure;

  /**
   * Expects the same content in each response.
   *
   * @param failure names the connection of a wrong reply
   */
  HttpReply(byte[] content, Function<String, LoadFailure> failure) {
    this.content = new ExactReply(content, failure);
    this.failure = failure;
    reader = new HttpResponseReader(this::take, failure);
  }

  private void take(ByteBuffer part) {
    content.verify(part);
    if (part.hasRemaining()) {
      throw failure.apply(
          "the content of a response has %d bytes too many".formatted(part.remaining()));
    }
  }

  @Override
  public void verify(ByteBuffer received) {
    reader.read(received);
    if (reader.isComplete() && !content.isComplete()) {
      throw failure.apply(
          "the content of a response has %d bytes too few".formatted(content.remaining()));
    }
  }

  @Override
  public boolean isComplete() {
    return reader.isComplete();
  }

  @Override
  public void reset() {
    reader.reset();
    content.reset();
  }

  @Override
  public String progress() {
    return content.progress();
  }
}
