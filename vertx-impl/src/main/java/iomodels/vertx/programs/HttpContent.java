package iomodels.vertx.programs;

import static io.vertx.core.http.HttpHeaders.CONTENT_LENGTH;
import static io.vertx.core.http.HttpHeaders.EXPECT;
import static io.vertx.core.http.HttpHeaders.HOST;
import static io.vertx.core.http.HttpHeaders.TRANSFER_ENCODING;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import iomodels.program.HttpRoute;
import java.nio.file.Path;
import java.util.Optional;

/** What both styles do with content, apart from waiting for it. */
final class HttpContent {

  private static final int PART = 8 * 1024;

  private HttpContent() {}

  /** Returns the route of a request. */
  static HttpRoute route(HttpServerRequest request, Path folder) {
    Optional<HttpRoute.Refusal> refusal = // Vert.x checks neither.
        HttpRoute.refusalOfCodings(request.headers().getAll(TRANSFER_ENCODING));
    if (refusal.isEmpty() && request.version() != HttpVersion.HTTP_1_0) {
      refusal = HttpRoute.refusalOfHost(request.headers().getAll(HOST));
    }
    return refusal.isPresent()
        ? refusal.get()
        : HttpRoute.of(request.method().name(), request.uri(), folder);
  }

  /** Returns whether a request has content. */
  static boolean isIn(HttpServerRequest request) {
    return request.headers().contains(TRANSFER_ENCODING) || length(request) > 0;
  }

  /** Returns the length of the content of a request; 0 if there is none, or it is not known. */
  static long length(HttpServerRequest request) {
    String length = request.getHeader(CONTENT_LENGTH);
    return length == null ? 0 : Long.parseLong(length); // The decoder has checked it.
  }

  /** Tells a client that waits for it to send its content (RFC 9110, section 10.1.1). */
  static void expect(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_1_0
        && "100-continue".equalsIgnoreCase(request.getHeader(EXPECT))
        && isIn(request)) {
      request.response().writeContinue();
    }
  }

  /** Frames a response that has as much content as its request. */
  static void frame(HttpServerRequest request, HttpServerResponse response) {
    if (request.headers().contains(TRANSFER_ENCODING)) {
      response.setChunked(true);
    } else {
      response.putHeader(CONTENT_LENGTH, String.valueOf(length(request)));
    }
  }

  /** Returns content in upper case. */
  static Buffer upper(Buffer bytes) {
    return Buffer.buffer(HttpRoute.Upper.of(bytes.getBytes()));
  }

  /** Returns the next part of {@link HttpRoute.Bytes}. */
  static Buffer part(long begin, long length) {
    return Buffer.buffer(HttpRoute.Bytes.part(begin, (int) Math.min(PART, length - begin)));
  }
}
