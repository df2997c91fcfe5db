package iomodels.examples;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The program {@code http} as Vert.x's documentation shows HTTP servers: one handler of requests.
 * It uses the defaults, as {@link VertxExample} does; only the option for {@code Expect:
 * 100-continue} is set.
 *
 * <p>Vert.x does not check {@code Host} (15.06), ignores transfer codings that it does not know
 * (15.16), overlooks {@code close} among several options of {@code Connection} (15.26), does not
 * answer a client that has sent FIN (15.27), sends no {@code Date} (15.34), and has no time limit
 * for the head of a request (15.37). What {@code body()} returns is complete only at the end of the
 * request: an upload that never ends is never refused, and is kept in memory (15.28). The handler
 * of an upload does not wait for a client that does not read (15.36; on a slow machine the kit may
 * not detect this). {@code sendFile} follows links out of the folder (15.40). At the stop an upload
 * is cut off (15.39). The timer of a delayed response goes on when its client has gone, and keeps
 * the request until then (15.42).
 */
final class VertxHttpExample {

  private final Vertx vertx;
  private final Path folder;

  private VertxHttpExample(Vertx vertx, Path folder) {
    this.vertx = vertx;
    this.folder = folder;
  }

  /** Starts to serve. */
  static ExampleServer serve(ProgramConfig config) throws IOException {
    Vertx vertx = VertxExample.vertx();
    HttpServer server =
        vertx.createHttpServer(new HttpServerOptions().setHandle100ContinueAutomatically(true));
    server.requestHandler(new VertxHttpExample(vertx, config.folder())::answer);
    InetSocketAddress address = config.address();
    try {
      server.listen(address.getPort(), address.getAddress().getHostAddress()).await();
    } catch (Exception e) {
      vertx.close().await();
      throw ExampleServer.refused(e);
    }
    return new ExampleServer(
        new InetSocketAddress(address.getAddress(), server.actualPort()),
        () -> vertx.close().await());
  }

  private void answer(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    switch (HttpRoute.of(request.method().name(), request.uri(), folder)) {
      case HttpRoute.Slow it -> vertx.setTimer(millis(it.delay()), _ -> text(response, it));
      case HttpRoute.Text it -> text(response, it);
      case HttpRoute.Upper _ -> upper(request, response);
      case HttpRoute.Sink _ ->
          request.body().onSuccess(body -> response.setStatusCode(sinkStatus(body.length())).end());
      case HttpRoute.Bytes it -> bytes(request, response, it);
      case HttpRoute.Ticker it -> ticker(request, response, it);
      case HttpRoute.Resource it ->
          response
              .sendFile(it.file().toString())
              .onFailure(_ -> text(response, HttpRoute.Resource.NOT_FOUND));
    }
  }

  private static long millis(Duration delay) {
    return Math.max(1, delay.toMillis()); // Vert.x has no shorter timers.
  }

  private static int sinkStatus(int length) {
    return length > HttpRoute.SINK_LIMIT ? HttpRoute.Sink.TOO_LONG.status() : 204;
  }

  private static void text(HttpServerResponse response, HttpRoute.Text answer) {
    if (answer instanceof HttpRoute.Refusal refusal && !refusal.allow().isEmpty()) {
      response.putHeader(HttpHeaders.ALLOW, refusal.allow());
    }
    response
        .setStatusCode(answer.status())
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain")
        .end(answer.text());
  }

  private static void upper(HttpServerRequest request, HttpServerResponse response) {
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length == null) {
      response.setChunked(true);
    } else {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, length);
    }
    response.writeHead();
    request.handler(bytes -> response.write(Buffer.buffer(Ascii.upper(bytes.getBytes()))));
    request.endHandler(_ -> response.end());
  }

  private static void bytes(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Bytes wanted) {
    if (wanted.chunked()) {
      response.setChunked(true);
    } else {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, String.valueOf(wanted.length()));
    }
    if (request.method().equals(HttpMethod.HEAD)) {
      response.end();
    } else {
      write(response, 0, wanted.length());
    }
  }

  /** Writes until the queue is full, and goes on when it has room. */
  private static void write(HttpServerResponse response, long begin, long length) {
    long sent = begin;
    while (sent < length && !response.writeQueueFull()) {
      int size = (int) Math.min(HttpRoute.Bytes.MAX_PART, length - sent);
      byte[] part = HttpRoute.Bytes.part(sent, size);
      response.write(Buffer.buffer(part));
      sent += part.length;
    }
    long next = sent;
    if (next == length) {
      response.end();
    } else {
      response.drainHandler(_ -> write(response, next, length));
    }
  }

  private void ticker(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Ticker wanted) {
    response.putHeader(HttpHeaders.CONTENT_TYPE, HttpRoute.EVENT_STREAM).setChunked(true);
    if (request.method().equals(HttpMethod.HEAD)) {
      response.end();
      return;
    }
    response.write(HttpRoute.Ticker.event(1));
    long[] number = {1};
    long timer =
        vertx.setPeriodic(
            wanted.interval().toMillis(),
            _ -> {
              number[0]++;
              response.write(HttpRoute.Ticker.event(number[0]));
            });
    response.closeHandler(_ -> vertx.cancelTimer(timer));
  }
}
