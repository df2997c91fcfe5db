package iomodels.vertx.programs;

import static io.vertx.core.http.HttpHeaders.ALLOW;
import static io.vertx.core.http.HttpHeaders.CLOSE;
import static io.vertx.core.http.HttpHeaders.CONNECTION;
import static io.vertx.core.http.HttpHeaders.CONTENT_LENGTH;
import static io.vertx.core.http.HttpHeaders.CONTENT_TYPE;
import static io.vertx.core.http.HttpHeaders.DATE;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import iomodels.program.HttpDate;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;

/**
 * An HTTP server with handlers. A request is a {@code ReadStream}, a response a {@code
 * WriteStream}: {@code writeQueueFull}, {@code pause} and {@code drainHandler} are the
 * back-pressure. Vert.x calls the handler of the next request of a connection when the response
 * before it has ended.
 */
final class VertxHttp {

  private static final String TEXT = "text/plain";
  private static final String BINARY = "application/octet-stream";

  /** How long a connection is read after a response that has not waited for its request. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private final ProgramConfig config;
  private final Vertx vertx;

  private VertxHttp(ProgramConfig config, Vertx vertx) {
    this.config = config;
    this.vertx = vertx;
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new HttpHost(config, vertx -> new VertxHttp(config, vertx)::answer);
  }

  private void answer(HttpServerRequest request) {
    HttpServerResponse response = request.response().putHeader(DATE, HttpDate.now());
    switch (HttpContent.route(request, config.folder())) {
      case HttpRoute.Slow it -> slow(request, it);
      case HttpRoute.Text it -> text(request, it);
      case HttpRoute.Upper _ -> upper(request, response);
      case HttpRoute.Sink _ -> sink(request, response);
      case HttpRoute.Bytes it -> bytes(request, response, it);
      case HttpRoute.Ticker it -> ticker(request, response, millis(it.interval()));
      case HttpRoute.Resource it -> file(request, response, it);
    }
  }

  private static long millis(Duration delay) {
    return Math.max(1, delay.toMillis()); // Vert.x has no shorter timers.
  }

  // end::accept[]

  private void slow(HttpServerRequest request, HttpRoute.Slow wanted) {
    long timer = vertx.setTimer(millis(wanted.delay()), _ -> text(request, wanted));
    request.response().closeHandler(_ -> vertx.cancelTimer(timer));
  }

  private void text(HttpServerRequest request, HttpRoute.Text answer) {
    HttpServerResponse response = request.response().setStatusCode(answer.status());
    if (answer instanceof HttpRoute.Refusal refusal && !refusal.allow().isEmpty()) {
      response.putHeader(ALLOW, refusal.allow());
    }
    if (HttpContent.isIn(request) && !request.isEnded()) {
      closeInStages(request, response);
    }
    response.putHeader(CONTENT_LENGTH, String.valueOf(answer.text().length())); // for HEAD
    response.putHeader(CONTENT_TYPE, TEXT).end(answer.text());
  }

  // tag::upload[]
  private static void upper(HttpServerRequest request, HttpServerResponse response) {
    HttpContent.expect(request);
    HttpContent.frame(request, response.putHeader(CONTENT_TYPE, BINARY));
    response.writeHead();
    request.handler(
        bytes -> {
          response.write(HttpContent.upper(bytes));
          if (response.writeQueueFull()) {
            request.pause();
            response.drainHandler(_ -> request.resume());
          }
        });
    request.endHandler(_ -> response.end());
  }

  private void sink(HttpServerRequest request, HttpServerResponse response) {
    if (HttpContent.length(request) > HttpRoute.SINK_LIMIT) {
      text(request, HttpRoute.Sink.TOO_LONG);
      return;
    }
    HttpContent.expect(request);
    request.handler(
        _ -> {
          if (request.bytesRead() > HttpRoute.SINK_LIMIT && !response.ended()) {
            text(request, HttpRoute.Sink.TOO_LONG);
          }
        });
    request.endHandler(
        _ -> {
          if (!response.ended()) {
            response.setStatusCode(204).end();
          }
        });
  }

  // end::upload[]

  // tag::download[]
  private static void bytes(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Bytes wanted) {
    response.putHeader(CONTENT_TYPE, BINARY);
    if (wanted.chunked()) {
      response.setChunked(true);
    } else {
      response.putHeader(CONTENT_LENGTH, String.valueOf(wanted.length()));
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
    while (sent < length && !response.writeQueueFull() && !response.closed()) {
      Buffer part = HttpContent.part(sent, length);
      sent += part.length();
      response.write(part);
    }
    long next = sent;
    if (next == length) {
      response.end();
    } else {
      response.drainHandler(_ -> write(response, next, length));
    }
  }

  // end::download[]

  // tag::events[]
  private void ticker(HttpServerRequest request, HttpServerResponse response, long millis) {
    response.putHeader(CONTENT_TYPE, HttpRoute.EVENT_STREAM).setChunked(true);
    if (request.method().equals(HttpMethod.HEAD)) {
      response.end();
      return;
    }
    Events events = new Events(response);
    long timer = vertx.setPeriodic(millis, events);
    response.closeHandler(_ -> vertx.cancelTimer(timer));
    request
        .connection()
        .shutdownHandler(
            _ -> {
              vertx.cancelTimer(timer);
              response.end();
            });
    events.handle(timer);
  }

  private static final class Events implements Handler<Long> {

    private final HttpServerResponse response;
    private long number;

    Events(HttpServerResponse response) {
      this.response = response;
    }

    @Override
    public void handle(Long timer) {
      if (!response.writeQueueFull()) { // A client that does not read gets its next event later.
        number++;
        response.write(HttpRoute.Ticker.event(number));
      }
    }
  }

  // end::events[]

  // tag::file[]
  private void file(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Resource wanted) {
    response.putHeader(CONTENT_TYPE, wanted.mediaType());
    vertx
        .executeBlocking(wanted::open) // Opening may wait for a disk.
        .onSuccess(file -> send(request, response, file))
        .onFailure(_ -> text(request, HttpRoute.Resource.NOT_FOUND));
  }

  private static void send(
      HttpServerRequest request, HttpServerResponse response, FileChannel file) {
    response.closeHandler(_ -> close(file)); // If the client goes, sendFile may never complete.
    if (response.closed()) {
      close(file); // The client went while the file was opened.
      return;
    }
    try {
      long length = file.size();
      response.putHeader(CONTENT_LENGTH, String.valueOf(length));
      var sent =
          request.method().equals(HttpMethod.HEAD)
              ? response.end()
              : response.sendFile(file, 0, length);
      sent.onComplete(_ -> close(file));
    } catch (IOException _) {
      close(file);
      request.connection().close();
    }
  }

  private static void close(FileChannel file) {
    try {
      file.close();
    } catch (IOException _) {
      // It was only read.
    }
  }

  // end::file[]

  // tag::close[]
  /**
   * Answers a request whose content is not wanted: discards it for a limited time, and closes the
   * connection. Closing it at once would send RST, and the client could lose the response.
   */
  private void closeInStages(HttpServerRequest request, HttpServerResponse response) {
    response.putHeader(CONNECTION, CLOSE);
    request.handler(_ -> {});
    long timer = vertx.setTimer(LINGER.toMillis(), _ -> request.connection().close());
    request.endHandler(
        _ -> {
          vertx.cancelTimer(timer);
          request.connection().close();
        });
  }
  // end::close[]
}
