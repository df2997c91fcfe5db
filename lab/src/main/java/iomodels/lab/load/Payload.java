package iomodels.lab.load;

import iomodels.program.HttpRoute;
import iomodels.program.Programs;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Function;

/**
 * The message that a connection sends over and over, and the reply that a correct server gives.
 * Immutable.
 */
public abstract sealed class Payload permits ServicePayload, HttpPayload {

  /** For the kinds of payloads in this package. */
  Payload() {}

  /** A payload of {@link Services#UPPER} over TCP. */
  public static Payload upper(int bytes) {
    return new ServicePayload(Services.UPPER, bytes, false);
  }

  /**
   * A payload of any service over TCP.
   *
   * @param bytes length of a message
   * @throws IllegalArgumentException if the service does not reply to each message; the message
   *     says why
   */
  public static Payload of(Service service, int bytes) {
    Payload payload = new ServicePayload(service, bytes, false);
    if (payload.reply(0).length == 0) {
      throw new IllegalArgumentException(
          "%s does not answer each message: there is nothing to measure".formatted(service.name()));
    }
    return payload;
  }

  /**
   * A payload of a service over UDP, where a reply must repeat the number of its datagram.
   *
   * @param bytes length of a datagram, at least the eight bytes of its number
   * @throws IllegalArgumentException if the service cannot be loaded like that; the message says
   *     why
   */
  public static Payload ofDatagrams(Service service, int bytes) {
    if (service.datagrams().isEmpty()) {
      throw new IllegalArgumentException(service.name() + " is not served over UDP");
    }
    if (bytes < SequenceNumber.BYTES || bytes > Responder.MAX_DATAGRAM_IPV4) {
      throw new IllegalArgumentException(
          "a datagram carries a number: it must have %d to %,d bytes"
              .formatted(SequenceNumber.BYTES, Responder.MAX_DATAGRAM_IPV4));
    }
    Payload payload = new ServicePayload(service, bytes, true);
    ByteBuffer reply = ByteBuffer.wrap(payload.reply(0));
    if (reply.remaining() < SequenceNumber.BYTES || SequenceNumber.read(reply) != 0) {
      throw new IllegalArgumentException(
          "a reply of %s does not repeat the number of its datagram".formatted(service.name()));
    }
    return payload;
  }

  /** The request {@code GET /hello} to {@link Programs#HTTP}. */
  public static Payload httpHello() {
    return HttpPayload.get("/hello", new HttpRoute.Hello().text());
  }

  /**
   * The request {@code POST /upper} to {@link Programs#HTTP}.
   *
   * @param bytes length of the content
   */
  public static Payload httpUpper(int bytes) {
    return HttpPayload.post("/upper", upper(bytes));
  }

  /** The request {@code GET /ticker} to {@link Programs#HTTP}; the response does not end. */
  public static Payload httpTicker(Duration interval) {
    return HttpPayload.get("/ticker?ms=" + interval.toMillis(), "");
  }

  /** Length of a message. */
  public abstract int bytes();

  /** Copies bytes into a direct buffer, whose position is 0. */
  static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).rewind();
  }

  /**
   * The message of a connection.
   *
   * @param number of the connection, from 0
   */
  abstract byte[] message(int number);

  /** The reply of a correct server to that message; of an HTTP response, the content. */
  abstract byte[] reply(int number);

  /**
   * Verifies the replies to that message.
   *
   * @param failure names the connection of a wrong reply
   */
  abstract ReplyVerifier verifier(int number, Function<String, LoadFailure> failure);
}
