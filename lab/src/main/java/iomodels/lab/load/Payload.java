package iomodels.lab.load;

import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The message that a connection sends over and over, and the reply that a correct server gives. The
 * reply comes from the service itself, which does no I/O. Each connection has a message of its own:
 * a reply that is sent to the wrong connection differs. Immutable.
 */
public final class Payload {

  /** Longest reply that is verified as a whole: one MiB. */
  private static final int MAX_REPLY = 1 << 20;

  private final Service service;
  private final int bytes;
  private final boolean datagrams;

  private Payload(Service service, int bytes, boolean datagrams) {
    if (bytes < 1) {
      throw new IllegalArgumentException("a message must have at least one byte");
    }
    this.service = service;
    this.bytes = bytes;
    this.datagrams = datagrams;
  }

  /** A payload of {@link Services#UPPER} over TCP. */
  public static Payload upper(int bytes) {
    return new Payload(Services.UPPER, bytes, false);
  }

  /**
   * A payload of any service over TCP.
   *
   * @param bytes length of a message
   * @throws IllegalArgumentException if the service does not reply to each message; the message
   *     says why
   */
  public static Payload of(Service service, int bytes) {
    Payload payload = new Payload(service, bytes, false);
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
    Payload payload = new Payload(service, bytes, true);
    ByteBuffer reply = ByteBuffer.wrap(payload.reply(0));
    if (reply.remaining() < SequenceNumber.BYTES || SequenceNumber.read(reply) != 0) {
      throw new IllegalArgumentException(
          "a reply of %s does not repeat the number of its datagram".formatted(service.name()));
    }
    return payload;
  }

  /** Length of a message. */
  public int bytes() {
    return bytes;
  }

  /** Copies bytes into a direct buffer, whose position is 0. */
  static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).rewind();
  }

  /**
   * The message of a connection; over UDP it begins with a {@link SequenceNumber} of 0.
   *
   * @param number of the connection, from 0
   */
  byte[] message(int number) {
    byte[] message = new byte[bytes];
    if (service.equals(Services.FLOOD)) {
      // The number 8 with leading zeros: a request of any length for a few bytes.
      Arrays.fill(message, (byte) '0');
      message[bytes - 1] = '\n';
      if (bytes > 1) {
        message[bytes - 2] = '8';
      }
      return message;
    }
    for (int i = 0; i < bytes; i++) {
      // Letters and, between them, bytes of every value: a lost byte shifts the rest.
      message[i] = (byte) (i % 3 == 0 ? 'a' + (i + number) % 26 : i * 7 + number * 31);
      if (service.equals(Services.LINES) && message[i] == '\n') {
        message[i] = '.';
      }
    }
    if (service.equals(Services.LINES)) {
      message[bytes - 1] = '\n';
    }
    if (datagrams) {
      SequenceNumber.write(0, ByteBuffer.wrap(message));
    }
    return message;
  }

  /** The reply of a correct server to that message. */
  byte[] reply(int number) {
    ByteBuffer in = ByteBuffer.wrap(message(number));
    ByteBuffer out = ByteBuffer.allocate(MAX_REPLY);
    if (datagrams) {
      service.datagrams().orElseThrow().reply(in, out);
    } else {
      Session session = service.open();
      if (session.advance(in, out, false) != Progress.UNDERFLOW) {
        throw new IllegalArgumentException(
            "%s does not wait for input after a message of %d bytes"
                .formatted(service.name(), bytes));
      }
    }
    return Arrays.copyOf(out.array(), out.position());
  }
}
