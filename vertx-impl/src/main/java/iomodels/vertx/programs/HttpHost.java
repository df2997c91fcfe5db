package iomodels.vertx.programs;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import iomodels.netty.HalfClosedHttp;
import iomodels.netty.Transports;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import iomodels.vertx.VertxRuntime;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The HTTP server of either style: deploys one listener per event loop, and passes each request to
 * the page, on the event loop of its connection.
 */
final class HttpHost implements Server {

  private static final int MAX_HEAD = 8 * 1024;

  /** Creates the handler of requests. */
  interface Factory {

    /** Called once per event loop. */
    Handler<HttpServerRequest> create(Vertx vertx);
  }

  private final ProgramConfig config;
  private final Factory page;
  private final VertxRuntime runtime;
  private final InetSocketAddress address;
  private volatile int port;

  /**
   * Starts to listen.
   *
   * @throws IOException if the address cannot be used
   */
  HttpHost(ProgramConfig config, Factory page) throws IOException {
    this.config = config;
    this.page = page;
    runtime = new VertxRuntime(Transports.best(), () -> {}, HalfClosedHttp::install);
    try {
      DeploymentOptions options = new DeploymentOptions().setInstances(VertxRuntime.EVENT_LOOPS);
      runtime.vertx().deployVerticle(Listener::new, options).await();
      address = new InetSocketAddress(config.address().getAddress(), port);
    } catch (Exception | OutOfMemoryError failure) {
      throw runtime.abandon(failure);
    }
  }

  // tag::accept[]
  private final class Listener extends VerticleBase {

    @SuppressWarnings("NullAway.Init") // assigned in start()
    private HttpServer server;

    @Override
    public Future<?> start() {
      HttpDeadlines deadlines = new HttpDeadlines(vertx, config.deadline());
      Handler<HttpServerRequest> handler = page.create(vertx);
      server =
          vertx.createHttpServer(
              new HttpServerOptions()
                  .setAcceptBacklog(config.backlog())
                  .setHttp2ClearTextEnabled(false) // Else it awaits bytes before the handler.
                  .setMaxHeaderSize(MAX_HEAD)
                  .setMaxInitialLineLength(MAX_HEAD));
      return server
          .connectionHandler(deadlines::begin)
          .requestHandler(
              request -> {
                deadlines.pause(request);
                handler.handle(request);
              })
          .listen(VertxRuntime.shared(config.address()))
          .onSuccess(it -> port = it.actualPort());
    }

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  // end::accept[]

  // tag::close[]
  @Override
  public void close() {
    runtime.close(config.backlog(), config.gracePeriod());
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public Optional<Transport> transport() {
    return runtime.transport();
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return runtime.terminated();
  }
}
