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
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.program.HttpDate;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import iomodels.reactor.BindFailure;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableChannel;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * An HTTP server in which an answer is a publisher. Reactor Netty subscribes to it, requests as
 * many parts as the connection takes, and cancels it when the client has gone.
 */
final class ReactorNettyHttp implements Server {

  private static final int MAX_HEAD = 8 * 1024;
  private static final int PART = 8 * 1024;
  private static final String TEXT = "text/plain";
  private static final String BINARY = "application/octet-stream";

  /** How long a connection is read after a response that has not waited for its request. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private final ProgramConfig config;
  private final Loops loops;
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Acceptor acceptor = new Acceptor(channels::add);
  private final DisposableServer server;
  private final Sinks.Empty<Void> stop = Sinks.empty();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  // tag::accept[]
  static Server start(ProgramConfig config, Transport transport) throws IOException {
    return new ReactorNettyHttp(config, Loops.of(transport));
  }

  private ReactorNettyHttp(ProgramConfig config, Loops loops) throws IOException {
    this.config = config;
    this.loops = loops;
    try {
      server =
          HttpServer.create()
              .bindAddress(config::address)
              .runOn(loops)
              .channelGroup(channels)
              .option(ChannelOption.SO_BACKLOG, config.backlog())
              .httpRequestDecoder(it -> it.maxHeaderSize(MAX_HEAD).maxInitialLineLength(MAX_HEAD))
              .doOnChannelInit(
                  (_, channel, _) ->
                      channel.pipeline().addFirst(new HeadDeadline(config.deadline())))
              .doOnBound(it -> channels.add(acceptor.install(it.channel())))
              .handle(this::answer)
              .bindNow();
    } catch (RuntimeException failure) {
      channels.close().awaitUninterruptibly(); // io_uring does not close them when its loop ends.
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  private Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response) {
    response.header(DATE, HttpDate.now());
    AtomicReference<Channel> channel = new AtomicReference<>(); // The connection is another later.
    request.withConnection(it -> channel.set(it.channel()));
    HeadDeadline.pause(channel.get());
    if (request.version().equals(HttpVersion.HTTP_1_0)) {
      response.keepAlive(false).chunkedTransfer(false);
    }
    HttpRoute route = route(request);
    Mono<Void> answer =
        switch (route) {
          case HttpRoute.Slow it -> Mono.delay(it.delay()).then(text(request, response, it));
          case HttpRoute.Text it -> text(request, response, it);
          case HttpRoute.Upper _ -> upper(request, response);
          case HttpRoute.Sink _ -> sink(request, response);
          case HttpRoute.Bytes it -> bytes(request, response, it);
          case HttpRoute.Ticker it -> ticker(request, response, it);
          case HttpRoute.Resource it -> file(request, response, it);
        };
    return answer.doFinally(_ -> HeadDeadline.resume(channel.get()));
  }

  // end::accept[]

  private HttpRoute route(HttpServerRequest request) {
    Optional<HttpRoute> refusal =
        request.version().equals(HttpVersion.HTTP_1_0)
            ? Optional.empty()
            : HttpRoute.refusal(request.requestHeaders().getAll(HOST)); // It is not checked.
    return refusal.orElseGet(
        () -> HttpRoute.of(request.method().name(), request.uri(), config.folder()));
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
    return response.send(parts, _ -> true).then();
  }

  private static ByteBuf upper(ByteBuf bytes) {
    byte[] upper = ByteBufUtil.getBytes(bytes);
    for (int i = 0; i < upper.length; i++) {
      upper[i] = HttpRoute.Upper.upper(upper[i]);
    }
    return Unpooled.wrappedBuffer(upper);
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
    byte[] part = new byte[(int) Math.min(PART, length - begin)];
    for (int i = 0; i < part.length; i++) {
      part[i] = HttpRoute.Bytes.at(begin + i);
    }
    return Unpooled.wrappedBuffer(part);
  }

  // end::download[]

  // tag::events[]
  /** Each event is generated when the connection takes it, and the interval has passed. */
  private Mono<Void> ticker(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Ticker wanted) {
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
            .takeUntilOther(stop.asMono());
    return response.send(events, _ -> true).then();
  }

  // end::events[]

  // tag::file[]
  private static Mono<Void> file(
      HttpServerRequest request, HttpServerResponse response, HttpRoute.Resource wanted) {
    return Mono.fromCallable(wanted::locate)
        .subscribeOn(Schedulers.boundedElastic()) // Looking for it may wait for a disk.
        .flatMap(file -> send(request, response, file))
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
          response.header(CONTENT_TYPE, BINARY);
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

  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      stop.tryEmitEmpty();
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      server.disposeNow(left);
      channels.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
      loops.end();
      terminated.complete(null);
    }
    terminated.join();
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return (InetSocketAddress) server.address();
  }

  @Override
  public Optional<Transport> transport() {
    return Optional.of(loops.transport());
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
