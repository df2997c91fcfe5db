package iomodels.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.http.HttpConversation.Progress;
import iomodels.program.ProgramConfig;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a connection answers: in whatever pieces the input comes, and whatever room is there. */
class HttpConversationTest {

  private static final Duration HEAD_LIMIT = Duration.ofSeconds(1);
  private static final String OF_TEST = " HTTP/1.1\r\nHost: test\r\n";

  @TempDir private Path folder;
  private HttpConversation conversation;
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private ByteBuffer in = ByteBuffer.allocate(0);
  private long now = -5;

  @BeforeEach
  void begin() {
    conversation =
        new HttpConversation(
            ProgramConfig.onLoopback(List.of()).within(HEAD_LIMIT).reading(folder));
  }

  private static String get(String target) {
    return "GET " + target + OF_TEST + "\r\n";
  }

  /** Lets the conversation run until it needs input or time, with this room for output. */
  private Progress advance(String input, boolean endOfInput, int room) {
    ByteBuffer all = ByteBuffer.allocate(in.remaining() + input.length());
    in = all.put(in).put(input.getBytes(ISO_8859_1)).flip();
    Progress progress = Progress.OVERFLOW;
    while (progress == Progress.OVERFLOW) {
      ByteBuffer out = ByteBuffer.allocate(room);
      progress = conversation.advance(in, out, endOfInput, now);
      output.write(out.array(), 0, out.position());
    }
    return progress;
  }

  private Progress send(String input) {
    return advance(input, false, 4_096);
  }

  /** Returns the output so far, without the fields {@code Date}. */
  private String received() {
    String text = output.toString(ISO_8859_1).replaceAll("Date: [^\r]*\r\n", "");
    output.reset();
    return text;
  }

  private static String ok(String fields, String content) {
    return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + content;
  }

  private static final String HELLO =
      ok("Content-Type: text/plain\r\nContent-Length: 6\r\n", "hello\n");

  @Test
  void requestsAreAnsweredInOrderOnOneConnection() {
    assertThat(send(get("/hello") + "\r\n" + get("/hello"))).isEqualTo(Progress.UNDERFLOW);
    assertThat(received()).isEqualTo(HELLO + HELLO);
    send("HEAD /hello" + OF_TEST + "\r\n");
    assertThat(received()).isEqualTo(HELLO.replace("hello\n", ""));
    assertThat(conversation.due()).isEmpty();
  }

  @Test
  void eachResponseHasADate() {
    send(get("/hello"));
    assertThat(output.toString(ISO_8859_1)).containsPattern("\r\nDate: [A-Z][a-z]{2}, \\d\\d ");
  }

  @Test
  void theInputMayComeInAnyPiecesAndTheOutputMayBeSmall() {
    String requests =
        get("/hello")
            + "POST /upper"
            + OF_TEST
            + "Content-Length: 300\r\n\r\n"
            + "abc".repeat(100)
            + "POST /upper"
            + OF_TEST
            + "Transfer-Encoding: chunked\r\n\r\n"
            + "5;x=y\r\n"
            + "hello\r\n"
            + "1\r\n"
            + "!\r\n"
            + "0\r\n"
            + "Trailer: x\r\n\r\n"
            + get("/bytes/1000?chunked")
            + "PUT /sink"
            + OF_TEST
            + "Content-Length: 3\r\n\r\nabc"
            + get("/bytes/500");
    send(requests);
    String whole = Chunks.joined(received());
    Random random = new Random(1);
    for (int i = 0; i < 200; i++) {
      begin();
      for (int from = 0; from < requests.length(); ) {
        int to = Math.min(requests.length(), from + 1 + random.nextInt(40));
        int room = HttpConversation.MIN_OUT + random.nextInt(100);
        assertThat(advance(requests.substring(from, to), false, room))
            .isEqualTo(Progress.UNDERFLOW);
        from = to;
      }
      assertThat(Chunks.joined(received())).isEqualTo(whole);
    }
    assertThat(whole).contains("ABC".repeat(100), "HELLO!", "204 No Content");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET /hello HTTP/1.1~~                                                        | 400
          GET /hello HTTP/1.1~Host: a~Host: b~~                                        | 400
          GET /a b HTTP/1.1~Host: a~~                                                  | 400
          GET /hello~Host: a~~                                                         | 505
          GET /hello HTTP/2.0~Host: a~~                                                | 505
          GET /hello HTTP/3.7~Host: a~~                                                | 505
          GET /hello HTTP/1.1~Host : a~~                                               | 400
          GET /hello HTTP/1.1~Host: a~ b: c~~                                          | 400
          PUT /sink HTTP/1.1~Host: a~Content-Length: +3~~abc                           | 400
          PUT /sink HTTP/1.1~Host: a~Content-Length: 3~Content-Length: 4~~abc          | 400
          PUT /sink HTTP/1.1~Host: a~Content-Length: 3~Transfer-Encoding: chunked~~0~~ | 400
          PUT /sink HTTP/1.1~Host: a~Transfer-Encoding: chunked, identity~~0~~         | 400
          PUT /sink HTTP/1.1~Host: a~Transfer-Encoding: chunked~~0x5~hello~0~~         | 400
          PUT /sink HTTP/1.1~Host: a~Transfer-Encoding: chunked~~5~hello!0~~           | 400
          PUT /sink HTTP/1.1~Host: a~Content-Length: 9999999~~                         | 413
          PUT /deny HTTP/1.1~Host: a~Content-Length: 9999999~~                         | 403
          PUT /sink HTTP/1.1~Host: a~Expect: magic~Content-Length: 3~~                 | 417
          """)
  void whatIsMalformedIsRefusedAndEndsTheConversation(String request, String status) {
    assertThat(send(request.strip().replace("~", "\r\n"))).isEqualTo(Progress.FINISHED);
    assertThat(received())
        .startsWith("HTTP/1.1 " + status)
        .contains("\r\nConnection: close\r\n")
        .containsOnlyOnce("HTTP/1.1 " + status);
  }

  @Test
  void aHeadThatIsTooLongIsRefused() {
    send("GET /hello" + OF_TEST);
    Progress progress = Progress.UNDERFLOW;
    for (int i = 0; i < 1_000 && progress == Progress.UNDERFLOW; i++) {
      progress = send("X-%d: %s\r\n".formatted(i, "x".repeat(100)));
    }
    assertThat(progress).isEqualTo(Progress.FINISHED);
    assertThat(received()).startsWith("HTTP/1.1 431 ");
  }

  @Test
  void otherPathsAndMethodsAreRefusedAndTheConnectionStays() {
    send(get("/nothing") + get("/files/..%2fetc") + "DELETE /hello" + OF_TEST + "\r\n");
    send(get("http://test/hello"));
    assertThat(received().split("HTTP/1.1 ", -1))
        .satisfiesExactly(
            it -> assertThat(it).isEmpty(),
            it -> assertThat(it).startsWith("404 Not Found"),
            it -> assertThat(it).startsWith("404 Not Found"),
            it -> assertThat(it).startsWith("405 ").contains("Allow: GET, HEAD\r\n"),
            it -> assertThat(it).startsWith("200 OK").endsWith("hello\n"));
  }

  @Test
  void nothingAfterCloseIsCarriedOut() {
    String last = "GET /hello" + OF_TEST + "Connection: close\r\n\r\n";
    assertThat(send(get("/hello") + last + get("/hello"))).isEqualTo(Progress.FINISHED);
    assertThat(received())
        .isEqualTo(HELLO + HELLO.replace("OK\r\n", "OK\r\nConnection: close\r\n"));
    assertThat(in.hasRemaining()).isFalse();
  }

  @Test
  void aClientThatHasFinishedSendingIsAnswered() {
    assertThat(advance(get("/hello") + get("/slow/20"), true, 4_096)).isEqualTo(Progress.WAITING);
    assertThat(conversation.due()).hasValue(now + 20_000_000);
    now += 20_000_000;
    assertThat(advance("", true, 4_096)).isEqualTo(Progress.FINISHED);
    assertThat(received()).startsWith(HELLO).endsWith("slow\n");
  }

  @Test
  void anIncompleteRequestIsNotCarriedOut() {
    assertThat(advance("GET /hello HTTP/1.1\r\nHos", true, 4_096)).isEqualTo(Progress.FINISHED);
    assertThat(received()).startsWith("HTTP/1.1 400 ");
    begin();
    String upper = "POST /upper" + OF_TEST + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel";
    assertThat(advance(upper, true, 4_096)).isEqualTo(Progress.FINISHED);
    assertThat(received()).endsWith("3\r\nHEL\r\n");
    begin();
    String sink = "PUT /sink" + OF_TEST + "Content-Length: 5\r\n\r\nhel";
    assertThat(advance(sink, true, 4_096)).isEqualTo(Progress.FINISHED);
    assertThat(received()).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void aClientIsToldToSendItsContent() {
    String head = OF_TEST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    send("PUT /sink" + head);
    assertThat(received()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
    send("ab");
    assertThat(received()).isEqualTo("HTTP/1.1 204 No Content\r\n\r\n");
    send("PUT /deny" + head);
    assertThat(received()).startsWith("HTTP/1.1 403 ");
    begin();
    send(("PUT /sink" + head).replace("1.1\r", "1.0\r"));
    assertThat(received()).isEmpty();
  }

  @Test
  void aClientOfHttp10GetsNoChunks() {
    assertThat(send(get("/bytes/3?chunked").replace("1.1", "1.0"))).isEqualTo(Progress.FINISHED);
    assertThat(received())
        .isEqualTo(
            ok(
                "Connection: close\r\nContent-Type: application/octet-stream\r\n",
                "\u0000\u0001\u0002"));
  }

  @Test
  void aHeadThatIsSentSlowlyIsRefusedAtTheDeadline() {
    send("GET ");
    assertThat(conversation.due()).hasValue(now + HEAD_LIMIT.toNanos());
    now += HEAD_LIMIT.toNanos() - 1;
    assertThat(send("/")).isEqualTo(Progress.UNDERFLOW);
    now++;
    assertThat(send("h")).isEqualTo(Progress.FINISHED);
    assertThat(received()).startsWith("HTTP/1.1 408 ");
  }

  @Test
  void eventsAreSentAtTheirTimesUntilTheStop() {
    assertThat(send(get("/ticker?ms=100"))).isEqualTo(Progress.WAITING);
    assertThat(received())
        .isEqualTo(
            ok(
                "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
                "9\r\ndata: 1\n\n\r\n"));
    now += 99_999_999;
    send("");
    assertThat(received()).isEmpty();
    now++;
    send("");
    assertThat(received()).isEqualTo("9\r\ndata: 2\n\n\r\n");
    conversation.stop();
    assertThat(send("")).isEqualTo(Progress.FINISHED);
    assertThat(received()).isEqualTo("0\r\n\r\n");
  }

  @Test
  void aStopEndsAnIdleConversationAtOnceAndOthersAfterTheResponse() {
    send(get("/hello"));
    received();
    conversation.stop();
    assertThat(send("")).isEqualTo(Progress.FINISHED);
    begin();
    send("POST /upper" + OF_TEST + "Content-Length: 2\r\n\r\na");
    conversation.stop();
    assertThat(send("")).isEqualTo(Progress.UNDERFLOW);
    assertThat(send("b")).isEqualTo(Progress.FINISHED);
    assertThat(received()).endsWith("AB");
    begin();
    send(get("/slow/10"));
    conversation.stop();
    now += 10_000_000;
    assertThat(send("")).isEqualTo(Progress.FINISHED);
    assertThat(received()).contains("Connection: close\r\n").endsWith("slow\n");
  }

  @Test
  void aFileIsTransferredAndTheNextRequestAnswered() throws Exception {
    Files.writeString(folder.resolve("a.txt"), "some text");
    Files.createSymbolicLink(folder.resolve("out"), Path.of("/etc/hostname"));
    assertThat(send(get("/files/a.txt") + get("/hello"))).isEqualTo(Progress.FILE);
    assertThat(conversation.transferFile(Channels.newChannel(output))).isTrue();
    assertThat(send("")).isEqualTo(Progress.UNDERFLOW);
    assertThat(received())
        .isEqualTo(
            ok("Content-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n", "some text")
                + HELLO);
    send(get("/files/out") + get("/files/none") + "HEAD /files/a.txt" + OF_TEST + "\r\n");
    assertThat(received().split("HTTP/1.1 ", -1))
        .satisfiesExactly(
            it -> assertThat(it).isEmpty(),
            it -> assertThat(it).startsWith("404 "),
            it -> assertThat(it).startsWith("404 "),
            it -> assertThat(it).startsWith("200 ").endsWith("Content-Length: 9\r\n\r\n"));
  }

  @Test
  void whatAFileHasGrownByIsNotSent() throws Exception {
    Path file = Files.writeString(folder.resolve("log"), "some text");
    assertThat(send(get("/files/log"))).isEqualTo(Progress.FILE);
    Files.writeString(file, "some text, and more");
    ByteBuffer out = ByteBuffer.allocate(100);
    conversation.copyFile(out);
    assertThat(out.position()).isEqualTo("some text".length());
    assertThat(conversation.transferFile(Channels.newChannel(output))).isTrue();
    assertThat(send("")).isEqualTo(Progress.UNDERFLOW);
    assertThat(received()).endsWith("Content-Length: 9\r\n\r\n");
  }

  /** Joins chunks, since their sizes depend on how the input arrives. */
  private static final class Chunks {

    static String joined(String responses) {
      StringBuilder joined = new StringBuilder();
      int at = 0;
      while (at < responses.length()) {
        int end = responses.indexOf("\r\n\r\n", at) + 4;
        String head = responses.substring(at, end);
        joined.append(head);
        at = end;
        if (head.contains("chunked")) {
          int size;
          do {
            int line = responses.indexOf("\r\n", at);
            size = Integer.parseInt(responses.substring(at, line), 16);
            joined.append(responses, line + 2, line + 2 + size);
            at = line + 2 + size + 2;
          } while (size > 0);
        } else if (head.contains("Content-Length: ")) {
          int length = Integer.parseInt(head.replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
          joined.append(responses, at, at + length);
          at += length;
        }
      }
      return joined.toString();
    }
  }
}
