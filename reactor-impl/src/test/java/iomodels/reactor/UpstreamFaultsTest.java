package iomodels.reactor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ChannelBindException;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpServer;
import reactor.netty.udp.UdpServer;

/**
 * Shows faults of Reactor Netty with its public API alone. A test fails as soon as the fault is
 * fixed: then correct docs/faults-upstream.md, and delete the workaround that it names.
 */
@Timeout(60)
class UpstreamFaultsTest {

  private static final String HEAD = " HTTP/1.1\r\nHost: a\r\n\r\n";

  private final LoopResources nio = LoopResources.create("nio", 1, true);
  private @Nullable DisposableServer server;

  private void serve(HttpServer configured) {
    server = configured.host("127.0.0.1").port(0).bindNow();
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.disposeNow();
    }
    nio.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block();
  }

  private Socket connect() throws IOException {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), requireNonNull(server).port());
    client.setSoTimeout(30_000);
    return client;
  }

  private static void send(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(US_ASCII));
  }

  /** Reads until the end of a line that ends with this text; returns everything up to there. */
  private static String readTo(Socket client, String end) throws IOException {
    StringBuilder text = new StringBuilder();
    while (!text.toString().endsWith(end + "\n")) {
      int next = client.getInputStream().read();
      assertThat(next).as("after " + text).isNotEqualTo(-1);
      text.append((char) next);
    }
    return text.toString();
  }

  private static String readAll(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), US_ASCII);
  }

  @Test
  void everyVersionOfHttpIsAccepted() throws IOException {
    // tag::version[]
    serve(HttpServer.create().handle((_, response) -> response.sendString(Mono.just("hello\n"))));
    try (Socket client = connect()) {
      send(client, "GET / HTTP/9.9\r\nHost: a\r\n\r\n");
      assertThat(readTo(client, "hello")).startsWith("HTTP/9.9 200 OK\r\n");
    }
    // end::version[]
  }

  @Test
  void hostIsNotCheckedAndThereIsNoDate() throws IOException {
    // tag::host[]
    serve(HttpServer.create().handle((_, response) -> response.sendString(Mono.just("hello\n"))));
    for (String fields : new String[] {"", "Host: a\r\nHost: b\r\n"}) {
      try (Socket client = connect()) {
        send(client, "GET / HTTP/1.1\r\n" + fields + "\r\n");
        assertThat(readTo(client, "hello"))
            .startsWith("HTTP/1.1 200 OK\r\n")
            .doesNotContainIgnoringCase("\r\ndate:");
      }
    }
    // end::host[]
  }

  @Test
  void anOldClientGetsChunks() throws IOException {
    // tag::chunks[]
    serve(HttpServer.create().handle((_, response) -> response.sendString(Flux.just("a", "b"))));
    try (Socket client = connect()) {
      send(client, "GET / HTTP/1.0\r\n\r\n");
      assertThat(readAll(client)).contains("chunked").endsWith("\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    }
    // end::chunks[]
  }

  @Test
  void aClientThatHalfClosesGetsNoAnswer() throws IOException {
    // tag::halfclose[]
    Mono<String> later = Mono.never();
    serve(HttpServer.create().handle((_, response) -> response.sendString(later)));
    try (Socket client = connect()) {
      send(client, "GET /" + HEAD);
      client.shutdownOutput();
      assertThat(readAll(client)).isEmpty();
    }
    // end::halfclose[]
  }

  /** The wait for an answer that does not come cannot fail on a busy machine. */
  @Test
  void aConnectionStallsAfterPipelinedRequests() throws IOException {
    // tag::stall[]
    Mono<String> later = Mono.delay(Duration.ofMillis(50)).thenReturn("x\n");
    serve(
        HttpServer.create()
            .runOn(nio, false) // the transport of the JDK
            .handle(
                (request, response) ->
                    response.sendString(request.uri().equals("/slow") ? later : Mono.just("x\n"))));
    try (Socket client = connect()) {
      send(client, "GET /slow" + HEAD + "GET /fast" + HEAD);
      readTo(client, "x");
      readTo(client, "x");
      send(client, "GET /fast" + HEAD);
      client.setSoTimeout(1_000);
      assertThatThrownBy(() -> readTo(client, "x")).isInstanceOf(SocketTimeoutException.class);
    }
    // end::stall[]
  }

  @Test
  void connectionCloseResetsAnUpload() throws IOException {
    // tag::upload[]
    serve(
        HttpServer.create().handle((_, response) -> response.status(413).keepAlive(false).send()));
    try (Socket client = connect()) {
      send(client, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
      OutputStream upload = client.getOutputStream();
      assertThatThrownBy(
              () -> {
                for (int sent = 0; sent < 1_000_000_000; sent += 100_000) {
                  upload.write(new byte[100_000]);
                }
              })
          .isInstanceOf(IOException.class); // Connection reset, or Broken pipe after that.
    }
    // end::upload[]
  }

  /** The limits apply to the content only; the idle limit is not set by default. */
  @Test
  @Tag("thorough")
  void theReadLimitsDoNotApplyToTheHead() throws Exception {
    // tag::head[]
    Duration limit = Duration.ofMillis(300);
    serve(
        HttpServer.create().readTimeout(limit).requestTimeout(limit).handle((_, it) -> it.send()));
    try (Socket client = connect()) {
      for (String part : new String[] {"GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n"}) {
        Thread.sleep(500);
        send(client, part);
      }
      assertThat(readTo(client, "\r")).startsWith("HTTP/1.1 200 OK\r\n");
    }
    // end::head[]
  }

  @Test
  void aConnectionThatHasEndedHasAnotherChannel() throws Exception {
    // tag::channel[]
    CompletableFuture<Connection> accepted = new CompletableFuture<>();
    server =
        TcpServer.create()
            .host("127.0.0.1")
            .port(0)
            .handle((in, _) -> in.withConnection(accepted::complete).receive().then())
            .bindNow();
    Channel channel;
    try (Socket _ = connect()) {
      channel = accepted.get().channel();
    }
    while (accepted.get().channel().equals(channel)) {
      Thread.onSpinWait();
    }
    assertThatThrownBy(() -> accepted.get().channel().eventLoop())
        .isInstanceOf(IllegalStateException.class);
    // end::channel[]
  }

  @Test
  void aPortInUseIsNotNamedForUdp() throws IOException {
    // tag::udp[]
    try (DatagramSocket other = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
      UdpServer second = UdpServer.create().host("127.0.0.1").port(other.getLocalPort());
      assertThatThrownBy(second::bindNow).isInstanceOf(ChannelBindException.class).hasNoCause();
    }
    // end::udp[]
  }
}
