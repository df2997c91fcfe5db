package iomodels.netty;

import static io.netty.handler.codec.http.HttpResponseStatus.CONTINUE;
import static io.netty.handler.codec.http.HttpResponseStatus.OK;
import static io.netty.handler.codec.http.HttpVersion.HTTP_1_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HalfClosedHttpTest {

  private static final String REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  private static final String UPLOAD = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";

  private final EmbeddedChannel connection = new EmbeddedChannel();

  HalfClosedHttpTest() {
    HalfClosedHttp.install(connection);
  }

  @AfterEach
  void releaseMessages() {
    connection.finishAndReleaseAll();
  }

  @Test
  void theConnectionStaysOpenUntilEachRequestIsAnswered() {
    connection.pipeline().addLast(new HttpServerCodec());
    receive(REQUEST + REQUEST);

    receiveFin();
    assertThat(connection.isOpen()).isTrue();
    send(OK);
    assertThat(connection.isOpen()).isTrue();
    send(OK);
    assertThat(connection.isOpen()).isFalse();
  }

  @Test
  void aDecoderAndAnEncoderAreACodec() {
    connection.pipeline().addLast(new HttpRequestDecoder(), new HttpResponseEncoder());
    receive(REQUEST);

    receiveFin();
    assertThat(connection.isOpen()).isTrue();
    send(OK);
    assertThat(connection.isOpen()).isFalse();
  }

  @Test
  void anInterimResponseIsNoAnswer() {
    connection.pipeline().addLast(new HttpServerCodec());
    receive(UPLOAD);
    send(CONTINUE);
    receive("hello");

    receiveFin();
    assertThat(connection.isOpen()).isTrue();
    send(OK);
    assertThat(connection.isOpen()).isFalse();
  }

  @Test
  void aRequestThatIsCutOffIsNotWaitedFor() {
    connection.pipeline().addLast(new HttpServerCodec());
    receive(REQUEST + UPLOAD + "hel");

    receiveFin();
    assertThat(connection.isOpen()).isTrue();
    send(OK);
    assertThat(connection.isOpen()).isFalse();
  }

  @Test
  void anIdleConnectionIsClosed() {
    connection.pipeline().addLast(new HttpServerCodec());
    receive(REQUEST);
    send(OK);
    assertThat(connection.isOpen()).isTrue();

    receiveFin();
    assertThat(connection.isOpen()).isFalse();
  }

  /** On NIO the second event comes only when the framework reads again. */
  @Test
  void theFirstEventIsEnough() {
    connection.pipeline().addLast(new HttpServerCodec());
    connection.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

    assertThat(connection.isOpen()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"'TE, close', close", "Close, close", "TE, TE"})
  void theFrameworkSeesCloseAmongOtherOptions(String received, String seen) {
    connection.pipeline().addLast(new HttpServerCodec());
    receive("GET / HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n\r\n".formatted(received));

    HttpRequest request = connection.readInbound();
    assertThat(request.headers().getAll("Connection")).containsExactly(seen);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", REQUEST})
  void aResetClosesTheConnection(String before) {
    connection.pipeline().addLast(new HttpServerCodec());
    receive(before);
    IOException reset = new IOException("Connection reset");
    connection.pipeline().fireExceptionCaught(reset);

    assertThat(connection.isOpen()).isFalse();
    assertThatThrownBy(connection::checkException).isSameAs(reset); // The framework sees it, too.
  }

  private void receive(String text) {
    if (!text.isEmpty()) {
      connection.writeInbound(Unpooled.copiedBuffer(text, US_ASCII));
    }
  }

  private void receiveFin() {
    connection.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    connection.pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
    connection.runPendingTasks();
  }

  private void send(HttpResponseStatus status) {
    connection.writeOutbound(new DefaultFullHttpResponse(HTTP_1_1, status));
  }
}
