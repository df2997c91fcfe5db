package iomodels.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.netty.StartFailures;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The forwarder with handlers: what one of the two says is written to the other. Back-pressure is
 * three lines, {@code writeQueueFull}, {@code pause} and {@code drainHandler}; they are what {@code
 * pipeTo} does, which cannot be used here, since at the end it closes the other socket and not one
 * direction of it. Both sockets of a client have the same event loop, as the second is asked for on
 * that of the first: so what they share needs no lock.
 */
final class VertxRelay implements Server {

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  VertxRelay(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.transport = transport;
    netty = NettyTransport.of(transport);
    int cores = Runtime.getRuntime().availableProcessors();
    vertx = netty.vertx(cores);
    try {
      CompletableFuture<Integer> port = new CompletableFuture<>();
      vertx
          .deployVerticle(() -> new Listener(port), new DeploymentOptions().setInstances(cores))
          .await();
      address = new InetSocketAddress(config.address().getAddress(), port.join());
      config.demandUpstreamElsewhere(address);
    } catch (Exception | OutOfMemoryError failure) {
      NettyTransport.abandon(vertx);
      throw StartFailures.of(failure);
    }
  }

  // tag::accept[]
  /** One for each event loop. */
  private final class Listener extends VerticleBase {

    private final CompletableFuture<Integer> port;

    @SuppressWarnings("NullAway.Init") // start() comes first
    private NetServer server;

    @SuppressWarnings("NullAway.Init")
    private NetClient upstreams;

    Listener(CompletableFuture<Integer> port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      upstreams =
          vertx.createNetClient(
              new NetClientOptions()
                  .setConnectTimeout(Math.toIntExact(config.deadline().toMillis())));
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      int wanted = config.address().getPort();
      return server
          .connectHandler(client -> connect((NetSocketInternal) client))
          // Any negative port is one that the system chooses, and that the instances share.
          .listen(wanted == 0 ? -1 : wanted, config.address().getAddress().getHostAddress())
          .onSuccess(it -> port.complete(it.actualPort()));
    }

    // end::accept[]

    // tag::connect[]
    private void connect(NetSocketInternal client) {
      EndOfInput.follow(client);
      // It says nothing yet that we would hear; but it may go.
      client.pause().exceptionHandler(_ -> {});
      client.shutdownHandler(_ -> linger(client, 0)); // If it has not ended before, it is reset.
      ConnectAttempt attempt = new ConnectAttempt(upstreams, config.upstreams().getFirst());
      client.closeHandler(_ -> attempt.cancel());
      attempt
          .socket()
          .onSuccess(upstream -> new Pair(client, upstream).relay())
          .onFailure(_ -> reset(client));
    }

    // end::connect[]

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** A client and its upstream; always on their event loop. */
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private static final class Pair {

    private final NetSocketInternal client;
    private final NetSocketInternal upstream;

    /** How many of the two directions have not come to their end. */
    private int open = 2;

    Pair(NetSocketInternal client, NetSocketInternal upstream) {
      this.client = client;
      this.upstream = upstream;
    }

    // tag::relay[]
    void relay() {
      EndOfInput.follow(upstream);
      upstream.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      carry(client, upstream);
      carry(upstream, client);
      client.resume();
    }

    private void carry(NetSocketInternal from, NetSocketInternal to) {
      from.handler(
          chunk -> {
            if (chunk.length() == 0) { // the FIN: EndOfInput
              passOnEnd(to);
              return;
            }
            to.write(chunk);
            if (to.writeQueueFull()) {
              from.pause();
              to.drainHandler(_ -> from.resume());
            }
          });
      from.closeHandler(_ -> closed(to));
    }

    /** When all before it is sent; the other direction goes on. */
    private void passOnEnd(NetSocketInternal to) {
      to.write(Buffer.buffer())
          .onSuccess(
              _ -> {
                ((DuplexChannel) to.channelHandlerContext().channel()).shutdownOutput();
                open--;
                if (open == 0) {
                  linger(client, -1);
                  client.channelHandlerContext().close();
                  upstream.channelHandlerContext().close();
                }
              });
    }

    // end::relay[]

    // tag::close[]
    /** One of the two is closed before its time: it was reset. */
    private void closed(NetSocketInternal other) {
      if (open > 0) {
        reset(other);
      }
    }
  }

  private static void linger(NetSocketInternal socket, int seconds) {
    Channel channel = socket.channelHandlerContext().channel();
    if (channel.isOpen()) { // Otherwise there is no socket left that has the option.
      channel.config().setOption(ChannelOption.SO_LINGER, seconds);
    }
  }

  /** Not FIN but RST: what was carried is not the whole. */
  @SuppressWarnings("FutureReturnValueIgnored")
  private static void reset(NetSocketInternal socket) {
    linger(socket, 0);
    socket.channelHandlerContext().channel().close();
  }

  /** Accepts what has come, shuts the listeners down, and ends the event loops. */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      netty.close(vertx, config.backlog(), config.gracePeriod());
      terminated.complete(null);
    }
    terminated.join();
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public Optional<Transport> transport() {
    return Optional.of(transport);
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
