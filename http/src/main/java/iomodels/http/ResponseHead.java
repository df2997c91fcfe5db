package iomodels.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.program.HttpDate;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpStatus;

/** Builds the head of a response, and what is sent together with it. */
final class ResponseHead {

  private final StringBuilder head = new StringBuilder();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Begins with the status line, and the fields that each response has. */
  ResponseHead begin(int status, boolean isPersistent) {
    head.append("HTTP/1.1 ").append(status).append(' ').append(HttpStatus.getMessage(status));
    head.append("\r\n");
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
    head.append(name).append(": ").append(value).append("\r\n");
    return this;
  }

  ResponseHead framing(Framing framing, long length) {
    String field = framing.field(length);
    if (!field.isEmpty()) {
      head.append(field).append("\r\n");
    }
    return this;
  }

  /** Ends the head. */
  ResponseHead end() {
    head.append("\r\n");
    return add(head.toString().getBytes(US_ASCII));
  }

  /** Adds bytes outside the head. */
  ResponseHead add(byte[] more) {
    bytes.writeBytes(more);
    return this;
  }

  ByteBuffer bytes() {
    return ByteBuffer.wrap(bytes.toByteArray());
  }
}
