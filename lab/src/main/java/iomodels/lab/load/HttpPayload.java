package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.util.Optional;
import java.util.function.Function;

/** A request to the program {@code http}, and the content of the response. Immutable. */
final class HttpPayload extends Payload {

  private final String head;
  private final Optional<Payload> content;
  private final String reply;

  private HttpPayload(String head, Optional<Payload> content, String reply) {
    this.head = head;
    this.content = content;
    this.reply = reply;
  }

  /** A request without content. */
  static HttpPayload get(String target, String reply) {
    return new HttpPayload(
        "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(target), Optional.empty(), reply);
  }

  /** A request whose content, and that of the response, are those of another payload. */
  static HttpPayload post(String target, Payload content) {
    return new HttpPayload(
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
            .formatted(target, content.bytes()),
        Optional.of(content),
        "");
  }

  @Override
  public int bytes() {
    return head.length() + content.map(Payload::bytes).orElse(0);
  }

  @Override
  byte[] message(int number) {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    message.writeBytes(head.getBytes(US_ASCII));
    content.ifPresent(it -> message.writeBytes(it.message(number)));
    return message.toByteArray();
  }

  @Override
  byte[] reply(int number) {
    return content.map(it -> it.reply(number)).orElseGet(() -> reply.getBytes(US_ASCII));
  }

  @Override
  ReplyVerifier verifier(int number, Function<String, LoadFailure> failure) {
    return new HttpReply(reply(number), failure);
  }
}
