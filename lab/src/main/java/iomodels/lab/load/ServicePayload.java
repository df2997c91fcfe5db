package iomodels.lab.load;

import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Function;

/**
 * The message and the reply of a service. The reply comes from the service itself, which does no
 * I/O. Each connection has a message of its own: a reply that is sent to the wrong connection
 * differs. Immutable.
 */
final class ServicePayload extends Payload {

  /** Longest reply that is verified as a whole: one MiB. */
  private static final int MAX_REPLY = 1 << 20;

  private final Service service;
  private final int bytes;
  private final boolean datagrams;

  ServicePayload(Service service, int bytes, boolean datagrams) {
    if (bytes < 1) {
      throw new IllegalArgumentException("a message must have at least one byte");
    }
    this.service = service;
    this.bytes = bytes;
    this.datagrams = datagrams;
  }

  @Override
  public int bytes() {
    return bytes;
  }

  /** Over UDP it begins with a {@link SequenceNumber} of 0. */
  @Override
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

  @Override
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

  @Override
  ReplyVerifier verifier(int number, Function<String, LoadFailure> failure) {
    return new ExactReply(reply(number), failure);
  }
}
