package iomodels.vertx;

import static java.lang.System.Logger.Level.WARNING;

import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.schedulers.Schedulers;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import iomodels.program.LineReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * A {@link DuplexSocket} as streams: its input is a {@link Flowable}, and what takes a while is a
 * {@link Completable}. Vert.x' own bindings for RxJava have no half-closed state either.
 *
 * <p>Thread: all signals come on the event loop of the socket, and all methods are for that loop.
 */
public final class RxSocket {

  private static final System.Logger LOG = System.getLogger(RxSocket.class.getName());

  private final DuplexSocket socket;

  /** The number of chunks that were requested and have not come. */
  private long demand;

  public RxSocket(DuplexSocket socket) {
    this.socket = socket;
  }

  // tag::connect[]
  /** Connects when it is subscribed to, on the event loop of the caller; to dispose cancels. */
  public static Single<RxSocket> connect(NetClient client, InetSocketAddress to) {
    return Single.create(
        emitter -> {
          ConnectAttempt attempt = new ConnectAttempt(client, to);
          emitter.setCancellable(attempt::cancel);
          attempt
              .socket()
              .onSuccess(socket -> emitter.onSuccess(new RxSocket(socket)))
              .onFailure(emitter::tryOnError);
        });
  }

  // end::connect[]

  // tag::read[]
  /**
   * The input, for one subscriber: {@code request(n)} reads n chunks, and the peer's FIN completes
   * it. It fails if the connection ends before. When it is cancelled, the socket discards what was
   * requested.
   */
  public Flowable<Buffer> input() {
    return Flowable.<Buffer>fromPublisher(this::subscribe);
  }

  private void subscribe(Subscriber<? super Buffer> subscriber) {
    socket
        .pause()
        .handler(chunk -> next(subscriber, chunk))
        .endHandler(_ -> subscriber.onComplete())
        .exceptionHandler(subscriber::onError);
    subscriber.onSubscribe(
        new Subscription() {
          @Override
          public void request(long n) {
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
            socket.fetch(n);
          }

          @Override
          public void cancel() {
            socket.handler(null).endHandler(null).exceptionHandler(null);
          }
        });
  }

  private void next(Subscriber<? super Buffer> subscriber, Buffer chunk) {
    demand--;
    subscriber.onNext(chunk);
  }

  /** The input as lines. A chunk may have many, or none. */
  public Flowable<String> lines() {
    LineReader reader = new LineReader();
    return input()
        .map(chunk -> ByteBuffer.wrap(chunk.getBytes()))
        .concatMap(
            chunk ->
                Flowable.generate(
                    emitter ->
                        reader.next(chunk).ifPresentOrElse(emitter::onNext, emitter::onComplete)));
  }

  /** When the server stops, the input ends behind what has been sent, as at the peer's FIN. */
  public void endInputAtStop() {
    socket.shutdownHandler(_ -> socket.endInputWhenIdle(() -> demand > 0));
  }

  // end::read[]

  /** Writes at once. Completes when it is sent. */
  public Completable write(Buffer bytes) {
    return completable(socket.write(bytes));
  }

  /** The same, in UTF-8. */
  public Completable write(String text) {
    return completable(socket.write(text));
  }

  // tag::close[]
  /** When it is subscribed to, sends FIN behind all writes. Completes when that is sent. */
  public Completable end() {
    return Completable.defer(() -> completable(socket.end()));
  }

  /** The same; discards input to the peer's FIN, since to close with input unread sends RST. */
  public Completable finish() {
    return Completable.defer(
        () -> {
          socket.handler(null).resume();
          return completable(socket.end());
        });
  }

  /** Completes when the socket is closed; fails if that is before both directions have ended. */
  public Completable whenClosed() {
    return completable(socket.whenClosed());
  }

  /** When the server stops, and its grace period is over, the socket is reset and not closed. */
  public void resetAtStop() {
    socket.shutdownHandler(_ -> socket.resetAtClose());
  }

  // end::close[]

  private static Completable completable(Future<Void> future) {
    return Completable.create(
        emitter -> future.onSuccess(_ -> emitter.onComplete()).onFailure(emitter::tryOnError));
  }

  /** Closes the socket after a failure of its stream; logs it unless the connection was reset. */
  public void fail(Throwable failure) {
    if (!(failure instanceof IOException)) {
      LOG.log(WARNING, "A conversation failed.", failure);
    }
    socket.close();
  }

  /** See {@link DuplexSocket#close}. */
  public void close() {
    socket.close();
  }

  /** See {@link DuplexSocket#reset}. */
  public void reset() {
    socket.reset();
  }

  /**
   * The event loop of the calling thread as a scheduler: the timers and pools of RxJava have
   * threads of their own, and their signals return to the loop by this.
   */
  public static Scheduler currentLoop(Vertx vertx) {
    Context context = vertx.getOrCreateContext();
    return Schedulers.from(task -> context.runOnContext(_ -> task.run()));
  }
}
