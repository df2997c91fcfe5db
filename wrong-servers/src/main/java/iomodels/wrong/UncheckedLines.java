package iomodels.wrong;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.service.Services;
import iomodels.service.Session;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** A session of the service lines with another limit than that of the service. */
final class UncheckedLines implements Session {

  /** Decides whether a line is too long. */
  @FunctionalInterface
  interface Limit {
    boolean isExceededBy(byte[] line, boolean complete);
  }

  private static final int FIRST_CHECK = 8192;
  private static final byte[] TOO_LONG = "ERR line too long\n".getBytes(US_ASCII);

  private final Limit limit;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final Session upper = Services.UPPER.open();
  private ByteBuffer reply = ByteBuffer.allocate(0);
  private boolean refused;
  private boolean finished;

  UncheckedLines(Limit limit) {
    this.limit = limit;
  }

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    while (true) {
      if (refused) {
        return refuse(out);
      }
      if (upper.advance(reply, out, false) == Progress.OVERFLOW) {
        return Progress.OVERFLOW;
      }
      if (finished) {
        return Progress.FINISHED;
      }
      if (in.hasRemaining()) {
        read(in.get(), in.hasRemaining());
      } else if (endOfInput) {
        finished = true;
        reply = ByteBuffer.wrap(line.toByteArray());
      } else {
        return Progress.UNDERFLOW;
      }
    }
  }

  private Progress refuse(ByteBuffer out) {
    while (reply.hasRemaining() && out.hasRemaining()) {
      out.put(reply.get());
    }
    return reply.hasRemaining() ? Progress.OVERFLOW : Progress.FINISHED;
  }

  private void read(byte octet, boolean more) {
    boolean complete = octet == '\n';
    if (!complete) {
      line.write(octet);
    }
    boolean check = complete || (!more && line.size() >= FIRST_CHECK);
    if (check && limit.isExceededBy(line.toByteArray(), complete)) {
      refused = true;
      reply = ByteBuffer.wrap(TOO_LONG);
    } else if (complete) {
      line.write(octet);
      reply = ByteBuffer.wrap(line.toByteArray());
      line.reset();
    }
  }
}
