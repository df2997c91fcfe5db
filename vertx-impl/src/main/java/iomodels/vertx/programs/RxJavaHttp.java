package iomodels.vertx.programs;

import static io.vertx.core.http.HttpHeaders.ALLOW;
import static io.vertx.core.http.HttpHeaders.CONTENT_LENGTH;
import static io.vertx.core.http.HttpHeaders.CONTENT_TYPE;
import static io.vertx.core.http.HttpHeaders.DATE;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.schedulers.Schedulers;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import iomodels.program.HttpDate;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.RxSocket;
import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * An HTTP server with streams. Content is a {@code Flowable}, so back-pressure is demand: {@code
 * concatMapCompletable} requests the next part when the one before it has been sent. When the
 * client has gone, {@code ambWith} disposes of the whole answer, including its timers.
 */
final class RxJavaHttp {

  private static final String TEXT = "text/plain";
  private static final String BINARY = "application/octet-stream";

  private final ProgramConfig config;
  private final Scheduler loop;

  private RxJavaHttp(ProgramConfig config, Vertx vertx) {
    this.config = config;
    this.loop = RxSocket.currentLoop(vertx);
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new HttpHost(config, vertx -> new RxJavaHttp(config, vertx)::answer);
  }

  private void answer(HttpServerRequest request) {
    RxHttpExchange exchange = new RxHttpExchange(request, loop);
    request.response().putHeader(DATE, HttpDate.now());
    HttpRoute route = HttpContent.route(request, config.folder());
    var _ =
        Completable.defer(() -> respond(exchange, route))
            .ambWith(exchange.closed())
            .subscribe(() -> {}, _ -> request.connection().close());
  }

  private Completable respond(RxHttpExchange exchange, HttpRoute route) {
    return switch (route) {
      case HttpRoute.Slow it ->
          Completable.timer(it.delay().toMillis(), MILLISECONDS, loop)
              .andThen(Completable.defer(() -> text(exchange, it)));
      case HttpRoute.Text it -> text(exchange, it);
      case HttpRoute.Upper _ -> upper(exchange);
      case HttpRoute.Sink _ -> sink(exchange);
      case HttpRoute.Bytes it -> bytes(exchange, it);
      case HttpRoute.Ticker it -> ticker(exchange, it);
      case HttpRoute.Resource it -> file(exchange, it);
    };
  }

  // end::accept[]

  private static Completable text(RxHttpExchange exchange, HttpRoute.Text answer) {
    HttpServerResponse response = exchange.response().setStatusCode(answer.status());
    response.putHeader(CONTENT_TYPE, TEXT);
    response.putHeader(CONTENT_LENGTH, String.valueOf(answer.text().length())); // for HEAD
    if (answer instanceof HttpRoute.Refusal refusal && !refusal.allow().isEmpty()) {
      response.putHeader(ALLOW, refusal.allow());
    }
    if (HttpContent.isIn(exchange.request()) && !exchange.request().isEnded()) {
      return exchange.endAndClose(answer.text());
    }
    exchange.request().resume();
    return RxHttpExchange.completable(response.end(answer.text()));
  }

  // tag::upload[]
  private static Completable upper(RxHttpExchange exchange) {
    HttpContent.expect(exchange.request());
    HttpContent.frame(exchange.request(), exchange.response().putHeader(CONTENT_TYPE, BINARY));
    return RxHttpExchange.completable(exchange.response().writeHead())
        .andThen(exchange.send(exchange.content().map(HttpContent::upper)));
  }

  private static Completable sink(RxHttpExchange exchange) {
    if (HttpContent.length(exchange.request()) > HttpRoute.SINK_LIMIT) {
      return text(exchange, HttpRoute.Sink.TOO_LONG);
    }
    HttpContent.expect(exchange.request());
    Maybe<Long> tooLong =
        exchange
            .content()
            .scan(0L, (sum, part) -> sum + part.length())
            .filter(sum -> sum > HttpRoute.SINK_LIMIT)
            .firstElement();
    return tooLong
        .isEmpty()
        .flatMapCompletable(
            isShort ->
                isShort
                    ? RxHttpExchange.completable(exchange.response().setStatusCode(204).end())
                    : text(exchange, HttpRoute.Sink.TOO_LONG));
  }

  // end::upload[]

  // tag::download[]
  private static Completable bytes(RxHttpExchange exchange, HttpRoute.Bytes wanted) {
    HttpServerResponse response = exchange.response().putHeader(CONTENT_TYPE, BINARY);
    if (wanted.chunked()) {
      response.setChunked(true);
    } else {
      response.putHeader(CONTENT_LENGTH, String.valueOf(wanted.length()));
    }
    Flowable<Buffer> parts =
        Flowable.generate(
            () -> 0L,
            (sent, emitter) -> {
              if (sent == wanted.length()) {
                emitter.onComplete();
                return sent;
              }
              Buffer part = HttpContent.part(sent, wanted.length());
              emitter.onNext(part);
              return sent + part.length();
            });
    return sendUnlessHead(exchange, parts);
  }

  private static Completable sendUnlessHead(RxHttpExchange exchange, Flowable<Buffer> parts) {
    exchange.request().resume();
    boolean isHead = exchange.request().method().equals(HttpMethod.HEAD);
    return exchange.send(isHead ? Flowable.empty() : parts);
  }

  // end::download[]

  // tag::events[]
  /** Each event is generated when the one before it has been sent, and the interval has passed. */
  private Completable ticker(RxHttpExchange exchange, HttpRoute.Ticker wanted) {
    exchange.response().putHeader(CONTENT_TYPE, HttpRoute.EVENT_STREAM).setChunked(true);
    Completable pause =
        Completable.timer(wanted.interval().toMillis(), MILLISECONDS, loop)
            .ambWith(exchange.stopped());
    Flowable<Buffer> events =
        Flowable.rangeLong(1, Long.MAX_VALUE)
            .concatMap(
                number ->
                    (number == 1 ? Completable.complete() : pause)
                        .andThen(Flowable.just(Buffer.buffer(HttpRoute.Ticker.event(number)))),
                1)
            .takeUntil(exchange.stopped().toFlowable());
    return sendUnlessHead(exchange, events);
  }

  // end::events[]

  // tag::file[]
  private Completable file(RxHttpExchange exchange, HttpRoute.Resource wanted) {
    return Completable.using(
            wanted::open,
            it -> Completable.defer(() -> send(exchange, it, wanted.mediaType())).subscribeOn(loop),
            FileChannel::close)
        .subscribeOn(Schedulers.io()) // Opening may wait for a disk.
        .observeOn(loop)
        .onErrorResumeNext(
            failure ->
                exchange.response().headWritten()
                    ? Completable.error(failure)
                    : text(exchange, HttpRoute.Resource.NOT_FOUND));
  }

  private static Completable send(RxHttpExchange exchange, FileChannel file, String type)
      throws IOException {
    long length = file.size();
    HttpServerResponse response = exchange.response().putHeader(CONTENT_TYPE, type);
    response.putHeader(CONTENT_LENGTH, String.valueOf(length));
    exchange.request().resume();
    boolean isHead = exchange.request().method().equals(HttpMethod.HEAD);
    return RxHttpExchange.completable(isHead ? response.end() : response.sendFile(file, 0, length));
  }
  // end::file[]
}
