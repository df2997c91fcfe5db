package iomodels.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.QueryStringDecoder;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ChannelBindException;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * The program {@code http} as Reactor Netty's documentation shows HTTP servers: routes, whose
 * answers are publishers. It uses the defaults, as {@link ReactorNettyExample} does.
 *
 * <p>Reactor Netty does not check {@code Host} (15.06), answers a request of HTTP/9.9 as HTTP/9.9
 * (15.08), ignores transfer codings that it does not know (15.16), does not answer a client that
 * has sent FIN (15.27), sends chunks to a client of HTTP/1.0 (15.33) and no {@code Date} (15.34),
 * and by default has no time limit for the head of a request (15.37). A response that begins before
 * the content has come begins before status 100, too, which is then left out: the JDK's client
 * waits for ever (15.30). A route of another method does not exist, so {@code HEAD} has status 404,
 * and no request has 405 (15.35). The sum of an upload is known only at its end: one that never
 * ends is never refused (15.28).
 *
 * <p>At times, or on one transport: pipelined requests are not answered, on epoll some of them
 * (15.24), on io_uring one that says {@code Connection: close} (15.26; reactor-netty#4361). On
 * io_uring a client that resets while it waits for a response stays connected until the response is
 * written, since the server does not read meanwhile (15.42). On stop, idle connections stay open
 * until the time limit (15.39; the kit may not be able to tell on a busy machine).
 */
final class ReactorNettyHttpExample {

  private ReactorNettyHttpExample() {}

  /** Starts to serve. */
  static ExampleServer serve(ProgramConfig config) throws IOException {
    HttpServer server =
        HttpServer.create()
            .host(config.address().getAddress().getHostAddress())
            .port(config.address().getPort())
            .route(
                routes ->
                    routes
                        .get("/hello", (_, response) -> text(response, new HttpRoute.Hello()))
                        .get("/slow/{millis}", ReactorNettyHttpExample::slow)
                        .get("/bytes/{length}", ReactorNettyHttpExample::bytes)
                        .get("/ticker", ReactorNettyHttpExample::ticker)
                        .post("/upper", ReactorNettyHttpExample::upper)
                        .put("/sink", ReactorNettyHttpExample::sink)
                        .put("/deny", (_, response) -> response.status(403).send())
                        .directory("/files", config.folder()));
    try {
      DisposableServer listening = server.bindNow();
      return new ExampleServer((InetSocketAddress) listening.address(), listening::disposeNow);
    } catch (ChannelBindException e) {
      throw ExampleServer.refused(e);
    }
  }

  private static Publisher<Void> text(HttpServerResponse response, HttpRoute.Text answer) {
    return response
        .status(answer.status())
        .header("Content-Type", "text/plain")
        .sendString(Mono.just(answer.text()));
  }

  private static Publisher<Void> slow(HttpServerRequest request, HttpServerResponse response) {
    Duration delay = Duration.ofMillis(Long.parseLong(param(request, "millis")));
    return response.sendString(Mono.delay(delay).thenReturn(new HttpRoute.Slow(delay).text()));
  }

  private static Publisher<Void> bytes(HttpServerRequest request, HttpServerResponse response) {
    long length = Long.parseLong(param(request, "length"));
    if (!request.uri().endsWith("?chunked")) {
      response.header("Content-Length", String.valueOf(length));
    }
    Flux<ByteBuf> parts =
        Flux.generate(
            () -> 0L,
            (sent, sink) -> {
              if (sent == length) {
                sink.complete();
                return sent;
              }
              int size = (int) Math.min(HttpRoute.Bytes.MAX_PART, length - sent);
              byte[] part = HttpRoute.Bytes.part(sent, size);
              sink.next(Unpooled.wrappedBuffer(part));
              return sent + part.length;
            });
    return response.send(parts);
  }

  private static Publisher<Void> ticker(HttpServerRequest request, HttpServerResponse response) {
    List<String> millis = new QueryStringDecoder(request.uri()).parameters().get("ms");
    Duration interval =
        millis == null
            ? Duration.ofSeconds(1)
            : Duration.ofMillis(Long.parseLong(millis.getFirst()));
    Flux<ByteBuf> events =
        Flux.interval(Duration.ZERO, interval)
            .map(it -> Unpooled.copiedBuffer(HttpRoute.Ticker.event(it + 1), US_ASCII));
    return response.sse().send(events, _ -> true);
  }

  private static Publisher<Void> upper(HttpServerRequest request, HttpServerResponse response) {
    String length = request.requestHeaders().get("Content-Length");
    if (length != null) {
      response.header("Content-Length", length);
    }
    return response.send(request.receive().retain().map(Ascii::upper), _ -> true);
  }

  private static Publisher<Void> sink(HttpServerRequest request, HttpServerResponse response) {
    return request
        .receive()
        .reduce(0L, (sum, part) -> sum + part.readableBytes())
        .flatMapMany(
            sum ->
                sum > HttpRoute.SINK_LIMIT
                    ? text(response, HttpRoute.Sink.TOO_LONG)
                    : response.status(204).send());
  }

  private static String param(HttpServerRequest request, String name) {
    return String.valueOf(request.param(name));
  }
}
