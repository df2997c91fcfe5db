package iomodels.vertx;

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
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The server around a program, in either style: deploys listeners, binds them, and hands each
 * client to the program, on the client's event loop. {@link VertxServer} shows such a server by
 * itself; the programs share this one.
 */
final class ProgramHost implements Server {

  /** Makes a program. */
  interface Factory {

    /** Returns what the program does with each client, on the event loop of the client. */
    Handler<DuplexSocket> create(Vertx vertx);
  }

  private final ProgramConfig config;
  private final VertxRuntime runtime;
  private final InetSocketAddress address;
  private volatile int port;

  /**
   * Listens, on one event loop for each core.
   *
   * @throws IOException if the address cannot be used, or is an upstream of the program
   */
  ProgramHost(ProgramConfig config, Factory program) throws IOException {
    this(config, VertxRuntime.EVENT_LOOPS, program, () -> {});
  }

  /**
   * The same.
   *
   * @param eventLoops the number of event loops
   * @param atEnd runs once, after all event loops have ended; also if the program does not start
   */
  ProgramHost(ProgramConfig config, int eventLoops, Factory program, Runnable atEnd)
      throws IOException {
    this.config = config;
    runtime = new VertxRuntime(Transports.best(), atEnd);
    try {
      Vertx vertx = runtime.vertx();
      Handler<DuplexSocket> handler = program.create(vertx);
      DeploymentOptions options = new DeploymentOptions().setInstances(eventLoops);
      vertx.deployVerticle(() -> new Listener(handler), options).await();
      address = new InetSocketAddress(config.address().getAddress(), port);
      config.demandUpstreamElsewhere(address);
    } catch (Exception | OutOfMemoryError failure) {
      throw runtime.abandon(failure);
    }
  }

  // tag::accept[]
  /** One for each event loop. */
  private final class Listener extends VerticleBase {

    private final Handler<DuplexSocket> handler;

    @SuppressWarnings("NullAway.Init") // start() comes first
    private NetServer server;

    Listener(Handler<DuplexSocket> handler) {
      this.handler = handler;
    }

    @Override
    public Future<?> start() {
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
  /** Accepts the backlog, then stops the listeners, which end their clients, then the loops. */
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
