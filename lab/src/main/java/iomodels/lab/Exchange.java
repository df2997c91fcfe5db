package iomodels.lab;

import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What clients say over and over, and what a right server answers: found by asking the service
 * itself, which does no I/O. Each connection says something else, so that a reply that went to the
 * wrong one differs. Immutable.
 */
public final class Exchange {

  /** No reply that is verified whole is longer than a megabyte. */
  private static final int MAX_REPLY = 1 << 20;

  private final Service service;
  private final int bytes;
  private final boolean datagrams;

  private Exchange(Service service, int bytes, boolean datagrams) {
    if (bytes < 1) {
      throw new IllegalArgumentException("a message has at least one byte");
    }
    this.service = service;
    this.bytes = bytes;
    this.datagrams = datagrams;
  }

  /** Of {@link Services#UPPER}. */
  public static Exchange upper(int bytes) {
    return new Exchange(Services.UPPER, bytes, false);
  }

  /**
   * Of any service over TCP.
   *
   * @param bytes how long a message is
   * @throws IllegalArgumentException if it has no reply to each message, in words
   */
  public static Exchange of(Service service, int bytes) {
    Exchange exchange = new Exchange(service, bytes, false);
    if (exchange.reply(0).length == 0) {
      throw new IllegalArgumentException(
          "%s does not answer each message, so that there is nothing to measure"
              .formatted(service.name()));
    }
    return exchange;
  }

  /**
   * Of a service over UDP, where a reply has to tell which datagram it answers.
   *
   * @param bytes how long a datagram is, at least the eight of its number
   * @throws IllegalArgumentException if the service cannot be loaded so, in words
   */
  public static Exchange ofDatagrams(Service service, int bytes) {
    if (service.datagrams().isEmpty()) {
      throw new IllegalArgumentException(service.name() + " is not served over UDP");
    }
    if (bytes < Sequence.BYTES || bytes > Responder.MAX_DATAGRAM_IPV4) {
      throw new IllegalArgumentException(
          "a datagram has %d to %,d bytes: it carries a number"
              .formatted(Sequence.BYTES, Responder.MAX_DATAGRAM_IPV4));
    }
    Exchange exchange = new Exchange(service, bytes, true);
    ByteBuffer reply = ByteBuffer.wrap(exchange.reply(0));
    if (reply.remaining() < Sequence.BYTES || Sequence.read(reply) != 0) {
      throw new IllegalArgumentException(
          "a reply of %s does not tell which datagram it answers".formatted(service.name()));
    }
    return exchange;
  }

  /**
   * What is sent on a connection; over UDP it begins with its {@link Sequence}, here 0.
   *
   * @param number of the connection, from 0
   */
  byte[] message(int number) {
    byte[] message = new byte[bytes];
    if (service.equals(Services.FLOOD)) {
      // A count of as many digits as there is room for, which asks for few bytes.
      Arrays.fill(message, (byte) '0');
      message[bytes - 1] = '\n';
      if (bytes > 1) {
        message[bytes - 2] = '8';
      }
      return message;
    }
    for (int i = 0; i < bytes; i++) {
      // Letters, and between them bytes of every value: a byte that is lost shifts the rest.
      message[i] = (byte) (i % 3 == 0 ? 'a' + (i + number) % 26 : i * 7 + number * 31);
      if (service.equals(Services.LINES) && message[i] == '\n') {
        message[i] = '.';
      }
    }
    if (service.equals(Services.LINES)) {
      message[bytes - 1] = '\n';
    }
    if (datagrams) {
      Sequence.write(0, ByteBuffer.wrap(message));
    }
    return message;
  }

  /** What a right server answers to it. */
  byte[] reply(int number) {
    ByteBuffer in = ByteBuffer.wrap(message(number));
    ByteBuffer out = ByteBuffer.allocate(MAX_REPLY);
    if (datagrams) {
      service.datagrams().orElseThrow().reply(in, out);
    } else {
      Session session = service.open();
      if (session.advance(in, out, false) != Progress.UNDERFLOW) {
        throw new IllegalArgumentException(
            "%s does not go on after a message of %d bytes".formatted(service.name(), bytes));
      }
    }
    return Arrays.copyOf(out.array(), out.position());
  }
}
