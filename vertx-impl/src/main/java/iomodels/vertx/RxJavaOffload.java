package iomodels.vertx;

import static java.lang.System.Logger.Level.WARNING;

import io.netty.channel.socket.DuplexChannel;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.core.SingleEmitter;
import io.reactivex.rxjava3.schedulers.Schedulers;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.netty.StartFailures;
import iomodels.netty.Workers;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.OffloadRequest;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * Slow work with streams: a piece of it is a {@code Single} that a pool completes, and that leaves
 * the pool's queue when nobody wants it any more; {@code observeOn} brings its answer back to the
 * event loop. That is all: in order and one at a time is what {@code concatMapSingle} does anyway.
 */
final class RxJavaOffload implements Server {

  private static final System.Logger LOG = System.getLogger(RxJavaOffload.class.getName());

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final ThreadPoolExecutor pool;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  RxJavaOffload(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.transport = transport;
    pool = Workers.start(config.workers(), config.queue());
    netty = NettyTransport.of(transport);
    int cores = Runtime.getRuntime().availableProcessors();
    try {
      vertx = netty.vertx(cores);
    } catch (IOException | RuntimeException failure) {
      pool.shutdown();
      throw failure;
    }
    try {
      CompletableFuture<Integer> port = new CompletableFuture<>();
      vertx
          .deployVerticle(() -> new Listener(port), new DeploymentOptions().setInstances(cores))
          .await();
      address = new InetSocketAddress(config.address().getAddress(), port.join());
    } catch (Exception | OutOfMemoryError failure) {
      NettyTransport.abandon(vertx);
      pool.shutdown();
      throw StartFailures.of(failure);
    }
  }

  // tag::accept[]
  /** One for each event loop. */
  private final class Listener extends VerticleBase {

    private final CompletableFuture<Integer> port;

    @SuppressWarnings("NullAway.Init")
    private Scheduler loop;

    @SuppressWarnings("NullAway.Init") // start() comes first
    private NetServer server;

    Listener(CompletableFuture<Integer> port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      loop = Schedulers.from(task -> context.runOnContext(_ -> task.run()));
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
      return OffloadRequest.parse(line, config.folder())
          .<Request>map(work -> () -> answer(work).map(it -> new Reply(it, false)))
          .orElse(() -> Single.just(new Reply(OffloadRequest.MALFORMED, true)));
    }

    // end::answer[]

    // tag::work[]
    private Single<String> answer(OffloadRequest work) {
      return switch (work) {
        case OffloadRequest.Ping _ -> Single.just(OffloadRequest.PONG);
        case OffloadRequest.Task slow ->
            elsewhere(slow)
                .observeOn(loop)
                .onErrorResumeNext(
                    failure ->
                        failure instanceof RejectedExecutionException
                            ? Single.just(OffloadRequest.BUSY)
                            : Single.error(failure));
      };
    }

    private Single<String> elsewhere(OffloadRequest.Task work) {
      return Single.create(
          emitter -> {
            FutureTask<String> task = task(work, emitter);
            // If it has begun, it is interrupted; if not, others want its place. Also called when
            // the answer is there: then the task is done, and there is nothing to interrupt.
            emitter.setCancellable(
                () -> {
                  task.cancel(true);
                  pool.remove(task);
                });
            pool.execute(task);
          });
    }

    private static FutureTask<String> task(
        OffloadRequest.Task work, SingleEmitter<String> emitter) {
      return new FutureTask<>(work::answer) {
        @Override
        protected void done() {
          switch (state()) {
            case SUCCESS -> emitter.onSuccess(resultNow());
            case FAILED -> fail(exceptionNow(), emitter);
            case CANCELLED, RUNNING -> {} // Nobody wants the answer.
          }
        }
      };
    }

    private static void fail(Throwable failure, SingleEmitter<String> emitter) {
      emitter.tryOnError(failure);
      if (!(failure instanceof InterruptedException)) { // else the server has stopped
        LOG.log(WARNING, "A request failed.", failure);
      }
    }

    // end::work[]

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
    pool.shutdownNow(); // What still works works for nobody.
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
