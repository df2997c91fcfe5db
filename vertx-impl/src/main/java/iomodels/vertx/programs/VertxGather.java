package iomodels.vertx.programs;

import io.vertx.core.CompositeFuture;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Timer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import iomodels.program.GatherRequest;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.vertx.ConnectAttempt;
import iomodels.vertx.DuplexSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Asks several backends, with one future per backend. {@code all} and {@code any} select the
 * futures to wait for, {@code recover} and {@code otherwise} handle failures, and a timer completes
 * late answers. A future is a result, not the operation that produces it, so it cannot be
 * cancelled. Each call is therefore an object with a socket, and the request closes these sockets
 * explicitly wherever it may end.
 */
final class VertxGather {

  private static final int RETRIES = 1;

  private final ProgramConfig config;
  private final Vertx vertx;
  private final NetClient upstreams;

  private VertxGather(ProgramConfig config, Vertx vertx) {
    this.config = config;
    this.vertx = vertx;
    // A connection attempt needs no timeout of its own: the deadline ends it.
    upstreams = vertx.createNetClient(new NetClientOptions().setConnectTimeout(Integer.MAX_VALUE));
  }

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramHost(config, vertx -> new VertxGather(config, vertx)::converse);
  }

  private void converse(DuplexSocket client) {
    new LineConversation(client, this::parse, GatherRequest.MALFORMED).start();
  }

  // end::accept[]

  private Optional<LineConversation.Request> parse(String line) {
    return GatherRequest.parse(line).map(PendingRequest::new);
  }

  /** A request and its calls. */
  private final class PendingRequest implements LineConversation.Request {

    private final GatherRequest request;
    private final List<Call> calls = new ArrayList<>();
    private boolean cancelled;

    PendingRequest(GatherRequest request) {
      this.request = request;
    }

    /**
     * Never fails. The deadline is a timer of this event loop. {@link Future#timeout} would fire on
     * another thread of Netty if the future comes from a promise without a context, and connections
     * made on that thread cannot be cancelled.
     */
    @Override
    public Future<String> answer() {
      Timer deadline = timer(config.deadline());
      Future<String> late = deadline.map("late\n");
      Future<String> answer =
          switch (request.kind()) {
            case ALL -> all(late);
            case FIRST -> earlier(line(first(RETRIES)), late);
          };
      return answer.onComplete(
          _ -> {
            deadline.cancel();
            cancel(); // Closes the calls that have not answered.
          });
    }

    private Timer timer(Duration delay) {
      return vertx.timer(delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private List<Future<String>> ask() {
      List<Call> asked =
          config.upstreams().stream().map(it -> new Call(it, request.text())).toList();
      calls.addAll(asked);
      return asked.stream().map(Call::answer).toList();
    }

    private static Future<String> line(Future<String> answer) {
      return answer.map(it -> "ok " + it + "\n").otherwise("failed\n");
    }

    private static Future<String> earlier(Future<String> line, Future<String> late) {
      return result(Future.any(line, late));
    }

    /** Returns the result of the future that has succeeded. */
    private static Future<String> result(CompositeFuture any) {
      return any.map(
          it -> it.<String>list().stream().filter(Objects::nonNull).findFirst().orElseThrow());
    }

    // tag::all[]
    private Future<String> all(Future<String> late) {
      List<Future<String>> lines = ask().stream().map(it -> earlier(line(it), late)).toList();
      return Future.all(lines).map(it -> String.join("", it.<String>list()));
    }

    // end::all[]

    // tag::first[]
    private Future<String> first(int retries) {
      Future<String> first = result(Future.any(ask()));
      return retries == 0 ? first : first.recover(failure -> again(failure, retries - 1));
    }

    private Future<String> again(Throwable failure, int retries) {
      return timer(config.backOff())
          .compose(_ -> cancelled ? Future.failedFuture(failure) : first(retries));
    }

    // end::first[]

    // tag::close[]
    @Override
    public void cancel() {
      cancelled = true;
      calls.forEach(Call::close);
    }
    // end::close[]
  }

  /** One call to one backend. */
  private final class Call {

    private final Promise<String> answer = Promise.promise();
    private final LineReader lines = new LineReader();
    private final ConnectAttempt attempt;

    // tag::ask[]
    Call(InetSocketAddress backend, String text) {
      attempt = new ConnectAttempt(upstreams, backend);
      attempt.socket().onSuccess(it -> converse(it, text)).onFailure(answer::tryFail);
    }

    private void converse(DuplexSocket upstream, String text) {
      upstream
          .handler(this::received)
          .endHandler(_ -> fail("the backend has ended the connection"))
          .exceptionHandler(answer::tryFail)
          .write(text + "\n");
    }

    private void received(Buffer chunk) {
      try {
        lines.next(ByteBuffer.wrap(chunk.getBytes())).ifPresent(this::received);
      } catch (LineTooLongException _) {
        fail("the line of the backend is too long");
      }
    }

    private void received(String line) {
      if (GatherRequest.isSuccess(line)) {
        answer.tryComplete(line);
        close();
      } else {
        fail(line);
      }
    }

    Future<String> answer() {
      return answer.future();
    }

    // end::ask[]

    // tag::close[]
    private void fail(String why) {
      answer.tryFail(why);
      close();
    }

    void close() {
      attempt.cancel();
      attempt.socket().onSuccess(DuplexSocket::close);
      answer.tryFail("the call was cancelled");
    }
    // end::close[]
  }
}
