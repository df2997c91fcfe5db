package iomodels.vertx.programs;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Closes connections whose next request does not arrive in time. The idle timeout of Vert.x would
 * also cut off an answer that takes longer. Vert.x shows a request only when its head is complete,
 * so the time counts from the end of the response before it. Confined to one event loop.
 */
final class HttpDeadlines {

  private final Vertx vertx;
  private final Duration limit;

  private final Map<HttpConnection, Wait> waits = new HashMap<>();

  HttpDeadlines(Vertx vertx, Duration limit) {
    this.vertx = vertx;
    this.limit = limit;
  }

  /** Begins with a new connection. */
  void begin(HttpConnection connection) {
    Wait wait = new Wait(connection);
    waits.put(connection, wait);
    connection.closeHandler(_ -> forget(connection));
    wait.begin();
    wait.check();
  }

  /** Suspends the time limit until the response to this request has ended. */
  void pause(HttpServerRequest request) {
    Wait wait = waits.get(request.connection());
    if (wait != null) { // Otherwise the connection is closed.
      wait.latest = Optional.of(request);
      wait.isOver = true;
      request.response().endHandler(_ -> wait.resume(request));
    }
  }

  private void forget(HttpConnection connection) {
    Wait wait = waits.remove(connection);
    if (wait != null) {
      vertx.cancelTimer(wait.timer);
    }
  }

  /**
   * The wait of a connection for its next request. One timer serves many requests: when it fires,
   * it looks at how long the wait has lasted.
   */
  private final class Wait {

    private final HttpConnection connection;

    /** The request that was received last. */
    private Optional<HttpServerRequest> latest = Optional.empty();

    private long since;
    private boolean isOver;
    private long timer;

    Wait(HttpConnection connection) {
      this.connection = connection;
    }

    void begin() {
      since = System.nanoTime();
      isOver = false;
    }

    void resume(HttpServerRequest request) {
      // Vert.x shows a pipelined request before it calls this handler of the one before.
      if (latest.filter(request::equals).isPresent()) {
        begin();
      }
    }

    void check() {
      long left = isOver ? limit.toNanos() : limit.toNanos() - (System.nanoTime() - since);
      if (left > 0) {
        timer = vertx.setTimer(1 + TimeUnit.NANOSECONDS.toMillis(left), _ -> check());
      } else {
        connection.close();
      }
    }
  }
}
