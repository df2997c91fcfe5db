package iomodels.reactor.programs;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.netty.HalfClosedHttp;
import iomodels.program.ProgramConfig;
import iomodels.reactor.BindFailure;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * The HTTP server around a page: accepts connections, limits the time for the head of a request,
 * passes each request to the page, and when it stops, lets the answers end within the grace period.
 */
final class HttpHost implements Server {

  /** Answers requests. */
  interface Page {

    /**
     * Returns the answer to a request. Reactor Netty subscribes to it on the event loop of the
     * connection, and cancels it when the client has gone.
     *
     * @param stop completes when the server begins to stop
     */
    Mono<Void> answer(HttpServerRequest request, HttpServerResponse response, Mono<Void> stop);
  }

  private static final int MAX_HEAD = 8 * 1024;

  private final ProgramConfig config;
  private final Loops loops;
  private final Page page;
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Acceptor acceptor = new Acceptor(channels::add);
  private final DisposableServer server;
  private final Sinks.Empty<Void> stop = Sinks.empty();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  /**
   * Starts to listen and to accept.
   *
   * @param loops owned by the host from now on, which stops them, also if the start fails
   * @throws IOException if the address cannot be used
   */
  HttpHost(ProgramConfig config, Loops loops, Page page) throws IOException {
    this.config = config;
    this.loops = loops;
    this.page = page;
    try {
      server =
          HttpServer.create()
              .bindAddress(config::address)
              .runOn(loops)
              .channelGroup(channels)
              .option(ChannelOption.SO_BACKLOG, config.backlog())
              .idleTimeout(config.deadline()) // Bytes of an incomplete head do not extend it.
              .httpRequestDecoder(it -> it.maxHeaderSize(MAX_HEAD).maxInitialLineLength(MAX_HEAD))
              .doOnChannelInit(
                  (_, channel, _) -> {
                    channel.pipeline().addFirst(new RequestTracker());
                    HalfClosedHttp.install(channel);
                  })
              .doOnBound(it -> channels.add(acceptor.install(it.channel())))
              .handle(this::answer)
              .bindNow();
    } catch (RuntimeException failure) {
      channels.close().awaitUninterruptibly(); // io_uring does not close them when its loop ends.
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  // tag::accept[]
  private Mono<Void> answer(HttpServerRequest request, HttpServerResponse response) {
    AtomicReference<Channel> channel = new AtomicReference<>(); // The request forgets it later.
    request.withConnection(it -> channel.set(it.channel()));
    long number = RequestTracker.begin(channel.get());
    return page.answer(request, response, stop.asMono())
        .doFinally(_ -> RequestTracker.end(channel.get(), number));
  }

  // end::accept[]

  // tag::close[]
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      stop.tryEmitEmpty();
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      channels.forEach(RequestTracker::stop);
      channels.newCloseFuture().awaitUninterruptibly(left.toMillis());
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
