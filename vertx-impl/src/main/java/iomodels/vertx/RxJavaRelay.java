package iomodels.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
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
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * The forwarder as two streams: what one of the two says, each chunk written to the other before
 * the next is asked for, then its end passed on; both side by side; and when both are complete the
 * sockets are closed, or when one has failed they are reset. Back-pressure is not written anywhere
 * but in {@code request}: {@code concatMapCompletable} asks for a chunk when it has got rid of the
 * one before. Who cancels whom is not written at all: {@code mergeArray} and {@code ambWith}
 * dispose of the others.
 */
final class RxJavaRelay implements Server {

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  RxJavaRelay(ProgramConfig config, Transport transport) throws IOException {
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
          .connectHandler(client -> accept((NetSocketInternal) client))
          // Any negative port is one that the system chooses, and that the instances share.
          .listen(wanted == 0 ? -1 : wanted, config.address().getAddress().getHostAddress())
          .onSuccess(it -> port.complete(it.actualPort()));
    }

    private void accept(NetSocketInternal client) {
      EndOfInput.follow(client);
      client.pause().exceptionHandler(_ -> {}); // A reset is an end like any other.
      client.shutdownHandler(_ -> linger(client, 0)); // If it has not ended before, it is reset.
      var _ =
          connect()
              .flatMapCompletable(upstream -> relay(client, upstream))
              .ambWith(closed(client))
              .subscribe(() -> {}, _ -> reset(client));
    }

    // end::accept[]

    // tag::connect[]
    private Single<NetSocketInternal> connect() {
      return Single.create(
          emitter -> {
            InetSocketAddress upstream = config.upstreams().getFirst();
            ConnectAttempt attempt = new ConnectAttempt(upstreams, upstream);
            emitter.setCancellable(attempt::cancel); // The client is gone.
            attempt.socket().onSuccess(emitter::onSuccess).onFailure(emitter::tryOnError);
          });
    }

    // end::connect[]

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  // tag::relay[]
  private static Completable relay(NetSocketInternal client, NetSocketInternal upstream) {
    EndOfInput.follow(upstream);
    upstream.exceptionHandler(_ -> {});
    return Completable.mergeArray(carry(client, upstream), carry(upstream, client))
        .ambWith(closed(upstream))
        .doOnError(_ -> reset(upstream))
        .doOnDispose(() -> reset(upstream)) // The client is gone.
        .doOnComplete(
            () -> {
              linger(client, -1);
              close(client);
              close(upstream);
            });
  }

  private static Completable carry(NetSocketInternal from, NetSocketInternal to) {
    return Flowable.<Buffer>fromPublisher(subscriber -> chunks(from, subscriber))
        .takeWhile(chunk -> chunk.length() > 0) // the FIN: EndOfInput
        .concatMapCompletable(chunk -> done(to.write(chunk)), 1)
        .andThen(Completable.fromAction(() -> shutdownOutput(to)));
  }

  /** What one of them says. */
  private static void chunks(NetSocketInternal from, Subscriber<? super Buffer> subscriber) {
    from.pause();
    from.handler(subscriber::onNext);
    subscriber.onSubscribe(
        new Subscription() {
          @Override
          public void request(long n) {
            from.fetch(n);
          }

          @Override
          public void cancel() {
            from.handler(null);
          }
        });
  }

  private static Completable done(Future<Void> future) {
    return Completable.create(
        emitter -> future.onSuccess(_ -> emitter.onComplete()).onFailure(emitter::tryOnError));
  }

  // end::relay[]

  // tag::close[]
  /** Never completes, and fails when the socket is closed: if that comes first, it was reset. */
  private static Completable closed(NetSocketInternal socket) {
    return Completable.create(
        emitter -> socket.closeHandler(_ -> emitter.tryOnError(new IOException("it was reset"))));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private static void shutdownOutput(NetSocketInternal socket) {
    ((DuplexChannel) socket.channelHandlerContext().channel()).shutdownOutput();
  }

  @SuppressWarnings("FutureReturnValueIgnored")
  private static void close(NetSocketInternal socket) {
    socket.channelHandlerContext().close();
  }

  private static void linger(NetSocketInternal socket, int seconds) {
    Channel channel = socket.channelHandlerContext().channel();
    if (channel.isOpen()) { // Otherwise there is no socket left that has the option.
      channel.config().setOption(ChannelOption.SO_LINGER, seconds);
    }
  }

  /** Not FIN but RST: what was carried is not the whole. */
  private static void reset(NetSocketInternal socket) {
    linger(socket, 0);
    close(socket);
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
