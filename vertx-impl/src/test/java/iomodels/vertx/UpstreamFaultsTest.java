package iomodels.vertx;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows faults of Vert.x with its public API alone. A test fails as soon as the fault is fixed:
 * then correct docs/faults-upstream.md, and delete the workaround that it names.
 */
@Timeout(60)
class UpstreamFaultsTest {

  private static final String HEAD = " HTTP/1.1\r\nHost: a\r\n\r\n";

  private final Vertx vertx = Vertx.vertx();
  private int port;

  private void serve(Consumer<HttpServerRequest> handler) {
    port =
        vertx
            .createHttpServer()
            .requestHandler(handler::accept)
            .listen(0, "127.0.0.1")
            .await()
            .actualPort();
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  private Socket connect() throws IOException {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
    client.setSoTimeout(30_000);
    return client;
  }

  private static void send(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(US_ASCII));
  }

  /** Reads until the end of a line with this text; returns everything up to there. */
  private static String readTo(Socket client, String end) throws IOException {
    StringBuilder text = new StringBuilder();
    while (!text.toString().endsWith(end + "\n")) {
      int next = client.getInputStream().read();
      assertFalse(next == -1, () -> "end after " + text);
      text.append((char) next);
    }
    return text.toString();
  }

  @Test
  void hostIsNotCheckedAndThereIsNoDate() throws IOException {
    // tag::host[]
    serve(request -> request.response().end("hello\n"));
    for (String fields : new String[] {"", "Host: a\r\nHost: b\r\n"}) {
      try (Socket client = connect()) {
        send(client, "GET / HTTP/1.1\r\n" + fields + "\r\n");
        String response = readTo(client, "hello");
        assertTrue(response.startsWith("HTTP/1.1 200 OK\r\n"), response);
        assertFalse(response.toLowerCase(Locale.ROOT).contains("\r\ndate:"), response);
      }
    }
    // end::host[]
  }

  @Test
  void closeAmongOtherOptionsIsOverlooked() throws IOException {
    // tag::close[]
    serve(request -> request.response().end("hello\n"));
    try (Socket client = connect()) {
      send(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, close\r\n\r\n");
      String response = readTo(client, "hello");
      assertFalse(response.toLowerCase(Locale.ROOT).contains("connection: close"), response);
      send(client, "GET /" + HEAD);
      readTo(client, "hello");
    }
    // end::close[]
  }

  @Test
  void contentWithAnUnknownCodingCountsAsDecoded() throws IOException {
    // tag::coding[]
    serve(request -> request.body().onSuccess(body -> request.response().end(body + "\n")));
    try (Socket client = connect()) {
      send(client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: rot13, chunked\r\n\r\n");
      send(client, "5\r\nuryyb\r\n0\r\n\r\n");
      String response = readTo(client, "uryyb");
      assertTrue(response.startsWith("HTTP/1.1 200 OK\r\n"), response);
    }
    // end::coding[]
  }

  @Test
  void aClientThatHalfClosesGetsNoAnswer() throws IOException {
    // tag::halfclose[]
    serve(_ -> {}); // It would answer later.
    try (Socket client = connect()) {
      send(client, "GET /" + HEAD);
      client.shutdownOutput();
      assertEquals(-1, client.getInputStream().read());
    }
    // end::halfclose[]
  }

  @Test
  void aSocketDiscardsWhatItHasNotSentWhenThePeerHalfCloses() throws IOException {
    // tag::reply[]
    int length = 50_000_000;
    CompletableFuture<Void> closed = new CompletableFuture<>();
    port =
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  socket.closeHandler(_ -> closed.complete(null));
                  socket.write(Buffer.buffer(new byte[length]));
                })
            .listen(0, "127.0.0.1")
            .await()
            .actualPort();
    try (Socket client = connect()) {
      client.shutdownOutput();
      closed.join();
      assertTrue(client.getInputStream().readAllBytes().length < length);
    }
    // end::reply[]
  }

  @Test
  void theNextRequestIsShownBeforeTheResponseHasEnded() throws IOException {
    // tag::order[]
    List<String> calls = Collections.synchronizedList(new ArrayList<>());
    serve(
        request -> {
          calls.add("request " + request.uri());
          request.response().endHandler(_ -> calls.add("end " + request.uri()));
          if (request.uri().equals("/1")) {
            vertx.setTimer(50, _ -> request.response().end("x\n"));
          } else {
            request.response().end("x\n");
          }
        });
    try (Socket client = connect()) {
      send(client, "GET /1" + HEAD + "GET /2" + HEAD);
      readTo(client, "x");
      readTo(client, "x");
    }
    vertx.close().await();
    assertEquals(List.of("request /1", "request /2", "end /2", "end /1"), calls);
    // end::order[]
  }

  /** If the timeout has passed before the handler is set, the handler runs at once: tries again. */
  @Test
  void aTimeoutLeavesTheEventLoop() {
    long millis = 10;
    while (contextAfterTimeout(millis).isPresent()) {
      millis *= 2;
      assertTrue(millis < 10_000, "the handler runs on a context");
    }
  }

  // tag::timeout[]
  private Optional<Context> contextAfterTimeout(long millis) {
    CompletableFuture<Optional<Context>> context = new CompletableFuture<>();
    vertx.runOnContext(
        _ ->
            Promise.promise()
                .future()
                .timeout(millis, TimeUnit.MILLISECONDS)
                .onFailure(_ -> context.complete(Optional.ofNullable(Vertx.currentContext()))));
    return context.join(); // It is empty.
  }
  // end::timeout[]
}
