package iomodels.vertx.programs;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.netty.Transports;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import iomodels.vertx.DuplexSocket;
import iomodels.vertx.VertxRuntime;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The server of a program, in either style: deploys listeners, binds them, and passes each client
 * to the program on the client's event loop. {@code VertxServer} shows these steps on one page; the
 * programs share this class.
 */
final class ProgramHost implements Server {

  /** Creates a program. */
  interface Factory {

    /**
     * Returns the handler that receives each client, on the event loop of the client. Called once
     * per event loop, in the verticle. So a {@code NetClient} created here is closed with the
     * verticle, after its server has shut down, and not at the beginning of the stop.
     */
    Handler<DuplexSocket> create(Vertx vertx);
  }

  private final ProgramConfig config;
  private final Factory program;
  private final VertxRuntime runtime;
  private final InetSocketAddress address;
  private volatile int port;

  /**
   * Starts to listen, on one event loop per core.
   *
   * @throws IOException if the address cannot be used, or is an upstream of the program
   */
  ProgramHost(ProgramConfig config, Factory program) throws IOException {
    this(config, VertxRuntime.EVENT_LOOPS, program, () -> {});
  }

  /**
   * Starts to listen.
   *
   * @param eventLoops number of event loops
   * @param atEnd runs once, after all event loops have ended or the start has failed
   */
  ProgramHost(ProgramConfig config, int eventLoops, Factory program, Runnable atEnd)
      throws IOException {
    this.config = config;
    this.program = program;
    runtime = new VertxRuntime(Transports.best(), atEnd);
    try {
      DeploymentOptions options = new DeploymentOptions().setInstances(eventLoops);
      runtime.vertx().deployVerticle(Listener::new, options).await();
      address = new InetSocketAddress(config.address().getAddress(), port);
      config.demandUpstreamElsewhere(address);
    } catch (Exception | OutOfMemoryError failure) {
      throw runtime.abandon(failure);
    }
  }

  // tag::accept[]
  /** Listener verticle, one per event loop. */
  private final class Listener extends VerticleBase {

    @SuppressWarnings("NullAway.Init") // assigned in start()
    private NetServer server;

    @Override
    public Future<?> start() {
      Handler<DuplexSocket> handler = program.create(vertx);
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      return server
          .connectHandler(client -> handler.handle(DuplexSocket.of(client)))
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
  /**
   * Accepts the connections in the backlog, then stops the listeners, which end their
   * conversations, then the event loops.
   */
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
