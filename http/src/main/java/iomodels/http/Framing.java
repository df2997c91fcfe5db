package iomodels.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/** How a client finds the end of a response (RFC 9112, section 6). */
enum Framing {
  /** Its length is in the head. */
  LENGTH {
    @Override
    String field(long length) {
      return "Content-Length: " + length;
    }
  },
  /** It comes in chunks, of which the last is empty. */
  CHUNKED {
    @Override
    String field(long length) {
      return "Transfer-Encoding: chunked";
    }

    @Override
    void begin(ByteBuffer out, int length) {
      out.put(Integer.toHexString(length).getBytes(US_ASCII)).put(LINE_END);
    }

    @Override
    void finish(ByteBuffer out) {
      out.put(LINE_END);
    }

    @Override
    ByteBuffer end() {
      return ByteBuffer.wrap(LAST_CHUNK);
    }
  },
  /** It ends with the connection: for clients of HTTP/1.0. */
  UNTIL_CLOSE {
    @Override
    String field(long length) {
      return "";
    }
  };

  private static final byte[] LINE_END = {'\r', '\n'};
  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(US_ASCII);

  /** What {@link #begin} and {@link #finish} add to the bytes of a part, at most. */
  static final int OVERHEAD = 16;

  /** Returns the field of the head; empty if there is none. */
  abstract String field(long length);

  /** Puts what precedes a part of this length, which is at least 1. */
  void begin(ByteBuffer out, int length) {}

  /** Puts what follows a part. */
  void finish(ByteBuffer out) {}

  /** Returns what follows the last part. */
  ByteBuffer end() {
    return ByteBuffer.allocate(0);
  }
}
