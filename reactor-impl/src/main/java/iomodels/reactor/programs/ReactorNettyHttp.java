package iomodels.reactor.programs;

import static io.netty.handler.codec.http.HttpHeaderNames.ALLOW;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_LENGTH;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_TYPE;
import static io.netty.handler.codec.http.HttpHeaderNames.DATE;
import static io.netty.handler.codec.http.HttpHeaderNames.HOST;
import static io.netty.handler.codec.http.HttpHeaderNames.TRANSFER_ENCODING;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import iomodels.program.HttpDate;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableChannel;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * An HTTP server in which an answer is a publisher. Reactor Netty subscribes to it, requests as
 * many parts as the connection takes, and cancels it when the client has gone.
 */
final class ReactorNettyHttp {

  private static final int PART = 8 * 1024;
  private static final String TEXT = "text/plain";
  private static final String BINARY = "application/octet-stream";

  /** How long a connection is read after a response that has not waited for its request. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private final ProgramConfig config;

  private ReactorNettyHttp(ProgramConfig config) {
    this.config = config;
  }

  // tag::accept[]
  static Server start(ProgramConfig config, Transport transport) throws IOException {
    return new HttpHost(config, Loops.of(transport), new ReactorNettyHttp(config)::answer);
  }

  private Mono<Void> answer(
      HttpServerRequest request, HttpServerResponse response, Mono<Void> stop) {
    response.header(DATE, HttpDate.now());
    if (request.version().equals(HttpVersion.HTTP_1_0)) {
      response.keepAlive(false).chunkedTransfer(false);
    }
    return switch (route(request)) {
      case HttpRoute.Slow it -> Mono.delay(it.delay()).then(text(request, response, it));
      case HttpRoute.Text it -> text(request, response, it);
      case HttpRoute.Upper _ -> upper(request, response);
      case HttpRoute.Sink _ -> sink(request, response);
      case HttpRoute.Bytes it -> bytes(request, response, it);
      case HttpRoute.Ticker it -> ticker(request, response, it, stop);
      case HttpRoute.Resource it -> file(request, response, it);
    };
  }

  // end::accept[]

  private HttpRoute route(HttpServerRequest request) {
    if (request.version().majorVersion() != 1) { // Reactor Netty checks none of these.
      return new HttpRoute.Refusal(505, "only HTTP/1.1 and HTTP/1.0\n");
    }
    Optional<HttpRoute.Refusal> refusal =
        HttpRoute.refusalOfCodings(request.requestHeaders().getAll(TRANSFER_ENCODING));
    if (refusal.isEmpty() && !request.version().equals(HttpVersion.HTTP_1_0)) {
      refusal = HttpRoute.refusalOfHost(request.requestHeaders().getAll(HOST));
    }
    return refusal.isPresent()
        ? refusal.get()
        : HttpRoute.of(request.method().name(), request.uri(), config.folder());
  }

  private static Mono<Void> text(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Text answer) {
    Mono<Void> sent = Mono.defer(() -> send(request, response, answer));
    return hasContent(request)
        ? sendAndReadOn(request, sent, Mono.defer(() -> request.receive().then()))
        : sent;
  }

  private static Mono<Void> send(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Text answer) {
    response.status(answer.status()).header(CONTENT_TYPE, TEXT);
    response.header(CONTENT_LENGTH, String.valueOf(answer.text().length()));
    if (answer instanceof HttpRoute.Refusal refusal && !refusal.allow().isEmpty()) {
      response.header(ALLOW, refusal.allow());
    }
    return request.method().equals(HttpMethod.HEAD)
        ? response.then()
        : response.sendString(Mono.just(answer.text())).then();
  }

  private static boolean hasContent(HttpServerRequest request) {
    return request.requestHeaders().contains(TRANSFER_ENCODING) || length(request) > 0;
  }

  private static long length(HttpServerRequest request) {
    return request.requestHeaders().contains(CONTENT_LENGTH)
        ? Long.parseLong(request.requestHeaders().get(CONTENT_LENGTH)) // It has been checked.
        : 0;
  }

  // tag::upload[]
  private static Mono<Void> upper(HttpServerRequest request, HttpServerResponse response) {
    response.header(CONTENT_TYPE, BINARY);
    if (!request.requestHeaders().contains(TRANSFER_ENCODING)) {
      response.header(CONTENT_LENGTH, String.valueOf(length(request)));
    }
    Flux<ByteBuf> parts = request.receive().map(ReactorNettyHttp::upper);
    // The head follows the first part: before it, Reactor Netty sends 100 if the client awaits it.
    return parts.switchOnFirst((_, all) -> response.send(all, _ -> true).then()).then();
  }

  private static ByteBuf upper(ByteBuf bytes) {
    return Unpooled.wrappedBuffer(HttpRoute.Upper.of(ByteBufUtil.getBytes(bytes)));
  }

  private static Mono<Void> sink(HttpServerRequest request, HttpServerResponse response) {
    if (length(request) > HttpRoute.SINK_LIMIT) {
      return text(request, response, HttpRoute.Sink.TOO_LONG);
    }
    Sinks.Empty<Void> tooLong = Sinks.empty();
    Mono<Void> read =
        request
            .receive()
            .scan(0L, (sum, part) -> sum + part.readableBytes())
            .doOnNext(
                sum -> {
                  if (sum > HttpRoute.SINK_LIMIT) {
                    tooLong.tryEmitEmpty();
                  }
                })
            .then()
            .cache(); // It goes on after the response: the client still sends.
    return Mono.firstWithSignal(tooLong.asMono().thenReturn(true), read.thenReturn(false))
        .flatMap(
            isLong ->
                isLong
                    ? sendAndReadOn(request, send(request, response, HttpRoute.Sink.TOO_LONG), read)
                    : response.status(204).send());
  }

  // end::upload[]

  // tag::download[]
  private static Mono<Void> bytes(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Bytes wanted) {
    response.header(CONTENT_TYPE, BINARY);
    if (!wanted.chunked()) {
      response.header(CONTENT_LENGTH, String.valueOf(wanted.length()));
    }
    if (request.method().equals(HttpMethod.HEAD)) {
      return response.send();
    }
    Flux<ByteBuf> parts =
        Flux.generate(
            () -> 0L,
            (sent, sink) -> {
              if (sent == wanted.length()) {
                sink.complete();
                return sent;
              }
              ByteBuf part = part(sent, wanted.length());
              sink.next(part);
              return sent + part.readableBytes();
            });
    return response.send(parts).then();
  }

  private static ByteBuf part(long begin, long length) {
    int part = (int) Math.min(PART, length - begin);
    return Unpooled.wrappedBuffer(HttpRoute.Bytes.part(begin, part));
  }

  // end::download[]

  // tag::events[]
  /** Each event is generated when the connection takes it, and the interval has passed. */
  private static Mono<Void> ticker(
      HttpServerRequest request,
      HttpServerResponse response,
      HttpRoute.Ticker wanted,
      Mono<Void> stop) {
    response.sse();
    if (request.method().equals(HttpMethod.HEAD)) {
      return response.send();
    }
    Mono<Long> pause = Mono.delay(wanted.interval());
    Flux<ByteBuf> events =
        Flux.<Long, Long>generate(
                () -> 1L,
                (number, sink) -> {
                  sink.next(number);
                  return number + 1;
                })
            .concatMap(number -> number == 1 ? Mono.just(number) : pause.thenReturn(number), 1)
            .map(
                number ->
                    ByteBufUtil.writeAscii(
                        UnpooledByteBufAllocator.DEFAULT, HttpRoute.Ticker.event(number)))
            .takeUntilOther(stop);
    return response.send(events, _ -> true).then();
  }

  // end::events[]

  // tag::file[]
  private static Mono<Void> file(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Resource wanted) {
    return Mono.fromCallable(wanted::locate)
        .subscribeOn(Schedulers.boundedElastic()) // Looking for it may wait for a disk.
        .flatMap(file -> send(request, response.header(CONTENT_TYPE, wanted.mediaType()), file))
        .onErrorResume(
            IOException.class,
            failure ->
                response.hasSentHeaders()
                    ? Mono.error(failure)
                    : text(request, response, HttpRoute.Resource.NOT_FOUND));
  }

  private static Mono<Void> send(
      HttpServerRequest request, HttpServerResponse response, Path file) {
    return Mono.defer(
        () -> {
          long length;
          try {
            length = Files.size(file);
          } catch (IOException e) {
            return Mono.error(e);
          }
          response.header(CONTENT_LENGTH, String.valueOf(length));
          return request.method().equals(HttpMethod.HEAD)
              ? response.then()
              : response.sendFile(file, 0, length).then();
        });
  }

  // end::file[]

  // tag::close[]
  /**
   * Sends a response that has not waited for the content of its request, and discards the rest for
   * a limited time. Closing at once would send RST, and the client could lose the response. Reactor
   * Netty closes at once after {@code Connection: close}; so it is not said, and the connection
   * stays open if the content ends in time.
   */
  private static Mono<Void> sendAndReadOn(
      HttpServerRequest request, Mono<Void> sent, Mono<Void> rest) {
    Mono<Void> close = Mono.fromRunnable(() -> request.withConnection(DisposableChannel::dispose));
    return sent.then(rest.timeout(LINGER, close));
  }
  // end::close[]
}
