package iomodels.vertx.programs;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Closes connections whose next request does not arrive in time. Vert.x has a time limit for
 * silence alone, which a client that sends a byte now and then never reaches; and it shows a
 * request only when its head is complete. So the time counts from the end of the response before
 * it. Confined to one event loop.
 */
final class HttpDeadlines {

  private final Vertx vertx;
  private final Duration limit;

  /** The timers of the connections that wait for a request. */
  private final Map<HttpConnection, Long> timers = new HashMap<>();

  /** The request of each connection that was received last. */
  private final Map<HttpConnection, HttpServerRequest> latest = new HashMap<>();

  HttpDeadlines(Vertx vertx, Duration limit) {
    this.vertx = vertx;
    this.limit = limit;
  }

  /** Begins with a new connection. */
  void begin(HttpConnection connection) {
    connection.closeHandler(_ -> forget(connection));
    await(connection);
  }

  /** Suspends the time limit until the response to this request has ended. */
  void pause(HttpServerRequest request) {
    HttpConnection connection = request.connection();
    latest.put(connection, request);
    cancel(connection);
    request
        .response()
        .endHandler(
            _ -> {
              // Vert.x shows a pipelined request before it calls this handler of the one before.
              if (request.equals(latest.get(connection))) {
                await(connection);
              }
            });
  }

  private void await(HttpConnection connection) {
    cancel(connection);
    timers.put(connection, vertx.setTimer(limit.toMillis(), _ -> connection.close()));
  }

  private void cancel(HttpConnection connection) {
    Long timer = timers.remove(connection);
    if (timer != null) {
      vertx.cancelTimer(timer);
    }
  }

  private void forget(HttpConnection connection) {
    latest.remove(connection);
    cancel(connection);
  }
}
