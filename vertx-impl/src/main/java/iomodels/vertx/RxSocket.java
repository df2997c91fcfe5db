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
 * A {@link DuplexSocket} with the types of RxJava: the input is a {@link Flowable}, and each
 * asynchronous operation is a {@link Completable}. The RxJava bindings of Vert.x have no
 * half-closed state either.
 *
 * <p>Thread: all signals are delivered on the event loop of the socket, and all methods must be
 * called there.
 */
public final class RxSocket {

  private static final System.Logger LOG = System.getLogger(RxSocket.class.getName());

  private final DuplexSocket socket;

  /** Number of chunks that were requested and have not arrived. */
  private long demand;

  /** Wraps a socket. */
  public RxSocket(DuplexSocket socket) {
    this.socket = socket;
  }

  // tag::connect[]
  /** Connects on subscription, on the event loop of the caller. Disposing cancels the attempt. */
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
   * Returns the input, for one subscriber. {@code request(n)} reads n chunks. The stream completes
   * at the peer's FIN, and fails if the connection ends before. After a cancel, the socket discards
   * the chunks that were requested.
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

  /** Returns the input as lines. A chunk may contain several, or none. */
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

  /**
   * Makes the input end when the server stops, as at the peer's FIN, after the data that the peer
   * has already sent.
   */
  public void endInputAtStop() {
    socket.shutdownHandler(_ -> socket.endInputWhenIdle(() -> demand > 0));
  }

  // end::read[]

  /** Writes immediately, before any subscription. Completes when the bytes are sent. */
  public Completable write(Buffer bytes) {
    return completable(socket.write(bytes));
  }

  /** Writes a text in UTF-8, like {@link #write(Buffer)}. */
  public Completable write(String text) {
    return completable(socket.write(text));
  }

  // tag::close[]
  /** On subscription, sends FIN after all writes. Completes when the FIN is sent. */
  public Completable end() {
    return Completable.defer(() -> completable(socket.end()));
  }

  /**
   * Like {@link #end}, but also discards input until the peer's FIN: closing a socket with unread
   * input sends RST.
   */
  public Completable finish() {
    return Completable.defer(
        () -> {
          socket.handler(null).resume();
          return completable(socket.end());
        });
  }

  /**
   * Completes when the socket is closed; fails if it is closed before both directions have ended.
   */
  public Completable whenClosed() {
    return completable(socket.whenClosed());
  }

  /**
   * If the socket is still open when the grace period of a stop ends, it is reset and not closed.
   */
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
   * Returns the event loop of the calling thread as a scheduler. Timers and pools signal on threads
   * of their own; with this scheduler their signals return to the event loop.
   */
  public static Scheduler currentLoop(Vertx vertx) {
    Context context = vertx.getOrCreateContext();
    return Schedulers.from(task -> context.runOnContext(_ -> task.run()));
  }
}
