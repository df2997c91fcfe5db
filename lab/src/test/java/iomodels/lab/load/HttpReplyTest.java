package iomodels.lab.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpReplyTest {

  private static final String HEAD =
      "HTTP/1.1 200 OK\r\nDate: now\r\ncontent-length: 6\r\nServer: any\r\n\r\n";
  private static final String CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

  private final HttpReply reply =
      new HttpReply("hello\n".getBytes(US_ASCII), it -> LoadFailure.of("connection", 1, 2, it));

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(US_ASCII));
  }

  /** Escaped, since an annotation cannot have line ends that are easy to read. */
  private static String unescaped(String text) {
    return text.replace("|", "\r\n").replace("~", "\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        HEAD + "hello\n",
        CHUNKED + "6\r\nhello\n\r\n0\r\n\r\n",
        CHUNKED + "1\r\nh\r\n05\r\nello\n\r\n0\r\n\r\n"
      })
  void aResponseMayArriveInAnyPartsAndTogetherWithTheNext(String response) {
    for (int size = 1; size <= 2 * response.length(); size++) {
      ByteBuffer all = bytes(response.repeat(4));
      int complete = 0;
      while (all.hasRemaining()) {
        ByteBuffer part = all.slice(all.position(), Math.min(size, all.remaining()));
        while (part.hasRemaining()) {
          reply.verify(part);
          if (reply.isComplete()) {
            complete++;
            reply.reset();
          }
        }
        all.position(all.position() + part.limit());
      }
      assertThat(complete).as("in parts of %d bytes", size).isEqualTo(4);
    }
  }

  @Test
  void theHeadMayChange() {
    for (String date : List.of("now", "now", "a little later", "now")) {
      ByteBuffer response = bytes(HEAD.replace("now", date) + "hello\n");
      reply.verify(response);

      assertThat(response.hasRemaining()).isFalse();
      assertThat(reply.isComplete()).isTrue();
      reply.reset();
    }
  }

  @Test
  void aKnownHeadDoesNotHideWrongContent() {
    reply.verify(bytes(HEAD + "hello\n"));
    reply.reset();

    assertThatThrownBy(() -> reply.verify(bytes(HEAD + "hellO\n")))
        .hasMessageContaining("connection 1 of 2: byte 4 of a reply is 0x4F, not 0x6F");
  }

  @Test
  void aHeadThatChangesToAnotherLengthIsRead() {
    reply.verify(bytes(HEAD + "hello\n"));
    reply.reset();

    assertThatThrownBy(() -> reply.verify(bytes(HEAD.replace("6", "7") + "hello\n\n")))
        .hasMessageContaining("1 bytes too many");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "HTTP/1.1 404 Not Found|Content-Length: 6||hello~# begins with: HTTP/1.1 404",
        "HTTP/1.0 200 OK|Content-Length: 6||hello~# begins with: HTTP/1.0",
        "HTTP/1.1 200 OK|Content-Length: 5||hello# 1 bytes too few",
        "HTTP/1.1 200 OK|Content-Length: 0||# 6 bytes too few",
        "HTTP/1.1 200 OK|Content-Length: 7||hello~~# 1 bytes too many",
        "HTTP/1.1 200 OK|Content-Length: +6||hello~# wrong Content-Length",
        "HTTP/1.1 200 OK|Content-Length: 6|Content-Length: 6||hello~# wrong Content-Length",
        "HTTP/1.1 200 OK||hello~# needs either",
        "HTTP/1.1 200 OK|Content-Length: 6|Transfer-Encoding: chunked||# needs either",
        "HTTP/1.1 200 OK|Transfer-Encoding: gzip||# unexpected Transfer-Encoding",
        "HTTP/1.1 200 OK|no colon||# malformed field",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||6;x|hello~|# malformed size",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked|||hello~|# malformed size",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||fffffffffffffffff|# malformed size",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||6|hello~~# line end",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||5|hello|0||# 1 bytes too few",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||7|hello~~|0||# 1 bytes too many",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||6|hello~|0|X: y|# line end"
      })
  void aWrongResponseIsAnError(String response, String message) {
    assertThatThrownBy(() -> reply.verify(bytes(unescaped(response))))
        .isInstanceOf(LoadFailure.class)
        .hasMessageContaining(message);
  }

  @Test
  void aHeadWithoutAnEndIsAnError() {
    assertThatThrownBy(() -> reply.verify(bytes("HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(9_999))))
        .hasMessageContaining("more than 8192 bytes");
  }
}
