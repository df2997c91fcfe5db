package iomodels.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.program.HttpDate;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpStatus;

/** Builds the head of a response, and what is sent together with it. */
final class ResponseHead {

  /** Most heads are shorter. */
  private static final int USUAL_LENGTH = 256;

  private final StringBuilder text = new StringBuilder(USUAL_LENGTH);

  /** Begins with the status line, and the fields that each response has. */
  ResponseHead begin(int status, boolean isPersistent) {
    text.append("HTTP/1.1 ").append(status).append(' ').append(HttpStatus.getMessage(status));
    text.append("\r\n");
    field("Date", HttpDate.now());
    if (!isPersistent) {
      field("Connection", "close");
    }
    return this;
  }

  ResponseHead type(String type) {
    return field("Content-Type", type);
  }

  ResponseHead field(String name, String value) {
    text.append(name).append(": ").append(value).append("\r\n");
    return this;
  }

  ResponseHead framing(Framing framing, long length) {
    String field = framing.field(length);
    if (!field.isEmpty()) {
      text.append(field).append("\r\n");
    }
    return this;
  }

  /** Ends the head. */
  ResponseHead end() {
    return add("\r\n");
  }

  /** Adds text outside the head, ASCII. */
  ResponseHead add(String more) {
    text.append(more);
    return this;
  }

  ByteBuffer bytes() {
    return ByteBuffer.wrap(text.toString().getBytes(US_ASCII));
  }
}
