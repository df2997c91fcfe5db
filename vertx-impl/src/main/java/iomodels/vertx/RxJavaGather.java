package iomodels.vertx;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.socket.DuplexChannel;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.schedulers.Schedulers;
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
import iomodels.program.GatherRequest;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * Asking several backends with streams: a call is a {@code Single} that nothing has begun before
 * somebody subscribes, and that closes its socket when nobody does any more. So to cancel is
 * written once, there; {@code timeout}, {@code firstOrError} and {@code ambWith} dispose of what
 * they do not want, and a retry is the same value once more.
 */
final class RxJavaGather implements Server {

  /** None of its own: it is the deadline that ends a call. */
  private static final int CONNECT_TIMEOUT_MILLIS = Integer.MAX_VALUE;

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  RxJavaGather(ProgramConfig config, Transport transport) throws IOException {
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

    @SuppressWarnings("NullAway.Init")
    private NetClient upstreams;

    @SuppressWarnings("NullAway.Init")
    private Scheduler loop;

    @SuppressWarnings("NullAway.Init") // start() comes first
    private NetServer server;

    Listener(CompletableFuture<Integer> port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      // Timers of RxJava have a thread of their own: what comes after them comes back to ours.
      loop = Schedulers.from(task -> context.runOnContext(_ -> task.run()));
      upstreams =
          vertx.createNetClient(new NetClientOptions().setConnectTimeout(CONNECT_TIMEOUT_MILLIS));
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      int wanted = config.address().getPort();
      return server
          .connectHandler(socket -> converse((NetSocketInternal) socket))
          // Any negative port is one that the system chooses, and that the instances share.
          .listen(wanted == 0 ? -1 : wanted, config.address().getAddress().getHostAddress())
          .onSuccess(it -> port.complete(it.actualPort()));
    }

    // end::accept[]

    // tag::answer[]
    private void converse(NetSocketInternal socket) {
      EndOfInput end = EndOfInput.follow(socket);
      socket.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      var _ =
          requests(socket)
              .concatMapSingle(Request::reply)
              .takeUntil(Reply::isLast)
              .concatMapCompletable(reply -> done(socket.write(reply.text())), 1)
              .andThen(Completable.defer(() -> finish(socket, end)))
              .ambWith(closed(socket))
              .subscribe(() -> close(socket), _ -> close(socket));
    }

    /** A line that is too long is a request like others: those before it are answered first. */
    private Flowable<Request> requests(NetSocketInternal socket) {
      Request refusal = () -> Single.just(new Reply(LineTooLongException.ANSWER, true));
      return lines(socket)
          .map(this::request)
          .onErrorResumeNext(
              failure ->
                  failure instanceof LineTooLongException
                      ? Flowable.just(refusal)
                      : Flowable.error(failure));
    }

    private Request request(String line) {
      return GatherRequest.parse(line)
          .<Request>map(question -> () -> answer(question).map(it -> new Reply(it, false)))
          .orElse(() -> Single.just(new Reply(GatherRequest.MALFORMED, true)));
    }

    // end::answer[]

    private Single<String> answer(GatherRequest question) {
      Flowable<Single<String>> calls =
          Flowable.fromIterable(config.upstreams()).map(it -> call(it, question.text()));
      return switch (question.kind()) {
        case ALL -> all(calls);
        case FIRST -> first(calls);
      };
    }

    // tag::all[]
    private Single<String> all(Flowable<Single<String>> calls) {
      return calls
          .concatMapEager(call -> outcome(call).toFlowable(), Integer.MAX_VALUE, 1)
          .collect(StringBuilder::new, StringBuilder::append)
          .map(StringBuilder::toString);
    }

    private Single<String> outcome(Single<String> answer) {
      long limit = config.deadline().toMillis();
      return answer
          .map(it -> "ok " + it + "\n")
          .timeout(limit, MILLISECONDS, loop, Single.just("late\n"))
          .onErrorReturnItem("failed\n");
    }

    // end::all[]

    // tag::first[]
    private Single<String> first(Flowable<Single<String>> calls) {
      Single<String> first =
          calls
              .flatMapMaybe(call -> call.toMaybe().onErrorComplete(), false, Integer.MAX_VALUE)
              .firstOrError();
      long pause = config.backOff().toMillis();
      return outcome(
          first.onErrorResumeNext(_ -> first.delaySubscription(pause, MILLISECONDS, loop)));
    }

    // end::first[]

    // tag::ask[]
    private Single<String> call(InetSocketAddress backend, String text) {
      return connect(backend)
          .flatMap(
              connected ->
                  Single.using(
                      () -> connected,
                      upstream -> exchange(upstream, text),
                      upstream -> close(upstream)));
    }

    private Single<NetSocketInternal> connect(InetSocketAddress backend) {
      return Single.create(
          emitter -> {
            ConnectAttempt attempt = new ConnectAttempt(upstreams, backend);
            emitter.setCancellable(attempt::cancel);
            attempt.socket().onSuccess(emitter::onSuccess).onFailure(emitter::tryOnError);
          });
    }

    private static Single<String> exchange(NetSocketInternal upstream, String text) {
      EndOfInput.follow(upstream);
      upstream.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      return lines(upstream)
          .doOnSubscribe(_ -> upstream.write(text + "\n"))
          .firstOrError()
          .ambWith(closed(upstream).toSingleDefault(""))
          .filter(GatherRequest::isSuccess)
          .toSingle();
    }

    // end::ask[]

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** What a client is told, and whether it is the last. */
  private record Reply(String text, boolean isLast) {}

  /** Something that is begun when it is its turn. */
  private interface Request {
    Single<Reply> reply();
  }

  // tag::read[]
  /** What has come, one piece at a time; complete at the FIN, or when the server is to stop. */
  private static Flowable<ByteBuffer> chunks(NetSocketInternal from) {
    return Flowable.<Buffer>fromPublisher(subscriber -> subscribe(from, subscriber))
        .takeWhile(chunk -> chunk.length() > 0) // the FIN: EndOfInput
        .map(chunk -> ByteBuffer.wrap(chunk.getBytes()));
  }

  private static void subscribe(NetSocketInternal from, Subscriber<? super Buffer> subscriber) {
    from.pause();
    from.handler(subscriber::onNext);
    from.shutdownHandler(_ -> subscriber.onComplete());
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

  /** Each piece may have many lines, or none. */
  private static Flowable<String> lines(NetSocketInternal from) {
    LineReader reader = new LineReader();
    return chunks(from)
        .concatMap(
            chunk ->
                Flowable.generate(
                    emitter ->
                        reader.next(chunk).ifPresentOrElse(emitter::onNext, emitter::onComplete)));
  }

  // end::read[]

  private static Completable done(Future<Void> future) {
    return Completable.create(
        emitter -> future.onSuccess(_ -> emitter.onComplete()).onFailure(emitter::tryOnError));
  }

  // tag::close[]
  /** Never completes, and fails when the socket is closed: by its peer, if it comes first. */
  private static Completable closed(NetSocketInternal socket) {
    return Completable.create(
        emitter -> socket.closeHandler(_ -> emitter.tryOnError(new IOException("it is gone"))));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private static void close(NetSocketInternal socket) {
    socket.channelHandlerContext().close();
  }

  /**
   * The FIN; and what comes until the peer's own is read, or else closing would reset. But while
   * the server stops, nobody waits for that.
   */
  @SuppressWarnings("FutureReturnValueIgnored")
  private Completable finish(NetSocketInternal socket, EndOfInput end) {
    ((DuplexChannel) socket.channelHandlerContext().channel()).shutdownOutput();
    return end.isSeen() || closing.get() ? Completable.complete() : chunks(socket).ignoreElements();
  }

  // end::close[]

  // tag::close[]
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
