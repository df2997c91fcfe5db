package iomodels.vertx.programs;

import static io.vertx.core.http.HttpHeaders.CLOSE;
import static io.vertx.core.http.HttpHeaders.CONNECTION;

import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Scheduler;
import io.reactivex.rxjava3.subjects.CompletableSubject;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * A request and its response with the types of RxJava: content is a {@link Flowable}, and each
 * asynchronous operation is a {@link Completable}.
 *
 * <p>Thread: all signals are delivered on the event loop of the connection, and all methods must be
 * called there.
 */
final class RxHttpExchange {

  /** How long a connection is read after a response that has not waited for its request. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Scheduler loop;
  private final CompletableSubject closed = CompletableSubject.create();
  private final CompletableSubject stopped = CompletableSubject.create();

  RxHttpExchange(HttpServerRequest request, Scheduler loop) {
    this.request = request;
    this.response = request.response();
    this.loop = loop;
    request.pause();
    response.closeHandler(_ -> closed.onError(new HttpClosedException("the client has gone")));
    request.connection().shutdownHandler(_ -> stopped.onComplete());
  }

  HttpServerRequest request() {
    return request;
  }

  HttpServerResponse response() {
    return response;
  }

  /** Fails when the connection is closed before the response has ended. */
  Completable closed() {
    return closed;
  }

  /** Completes when the server stops. */
  Completable stopped() {
    return stopped;
  }

  // tag::read[]
  /** Returns the content of the request, for one subscriber; reads as much as is requested. */
  Flowable<Buffer> content() {
    return Flowable.<Buffer>fromPublisher(this::subscribe);
  }

  private void subscribe(Subscriber<? super Buffer> subscriber) {
    AtomicBoolean cancelled = new AtomicBoolean();
    request
        .handler(subscriber::onNext)
        .endHandler(_ -> subscriber.onComplete())
        .exceptionHandler(
            failure -> {
              if (!cancelled.get()) { // Vert.x may call it after it has been removed.
                subscriber.onError(failure);
              }
            });
    subscriber.onSubscribe(
        new Subscription() {
          @Override
          public void request(long n) {
            request.fetch(n);
          }

          @Override
          public void cancel() {
            cancelled.set(true);
            request.handler(null).endHandler(null).exceptionHandler(null);
          }
        });
  }

  // end::read[]

  // tag::write[]
  /** Writes parts, each when the one before it has been sent, and ends the response. */
  Completable send(Flowable<Buffer> parts) {
    return parts
        .concatMapCompletable(part -> completable(response.write(part)), 1)
        .andThen(Completable.defer(() -> completable(response.end())));
  }

  // end::write[]

  // tag::close[]
  /**
   * Ends a response that has not waited for its request: discards the rest for a limited time, and
   * closes the connection. Closing it at once would send RST, and the client could lose the
   * response.
   */
  Completable endAndClose(String text) {
    response.putHeader(CONNECTION, CLOSE);
    return completable(response.end(text))
        .andThen(
            content()
                .ignoreElements()
                .ambWith(Completable.timer(LINGER.toMillis(), TimeUnit.MILLISECONDS, loop)))
        .andThen(Completable.defer(() -> completable(request.connection().close())));
  }

  // end::close[]

  static Completable completable(Future<Void> future) {
    return Completable.create(
        emitter -> future.onSuccess(_ -> emitter.onComplete()).onFailure(emitter::tryOnError));
  }
}
