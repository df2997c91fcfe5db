package iomodels.vertx;

import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Timer;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Asks several backends with futures, one for each. {@code all} and {@code any} say which are
 * awaited, {@code recover} and {@code otherwise} what happens if they fail, and a timer completes
 * those that are late. But a future is a value, and not the work that produces it: it cannot be
 * cancelled. So each call is an object as well, with its socket, and to cancel is to close the
 * socket, by hand, wherever a request may end.
 */
final class VertxGather implements Server {

  private static final int READ_AHEAD = 1;
  private static final int RETRIES = 1;

  /** None of its own: it is the deadline that ends a call. */
  private static final int CONNECT_TIMEOUT_MILLIS = Integer.MAX_VALUE;

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  VertxGather(ProgramConfig config, Transport transport) throws IOException {
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

    Listener(CompletableFuture<Integer> port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      NetClientOptions options = new NetClientOptions().setConnectTimeout(CONNECT_TIMEOUT_MILLIS);
      NetClient upstreams = vertx.createNetClient(options);
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      int wanted = config.address().getPort();
      return server
          .connectHandler(socket -> new Client((NetSocketInternal) socket, upstreams).begin())
          // Any negative port is one that the system chooses, and that the instances share.
          .listen(wanted == 0 ? -1 : wanted, config.address().getAddress().getHostAddress())
          .onSuccess(it -> port.complete(it.actualPort()));
    }

    // end::accept[]

    @Override
    public Future<?> stop() {
      return server.shutdown(config.gracePeriod().toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** A client; always on its event loop. */
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private final class Client {

    private final NetSocketInternal socket;
    private final NetClient upstreams;
    private final LineReader lines = new LineReader();
    private final Queue<ByteBuffer> unread = new ArrayDeque<>();
    private Optional<Asking> asking = Optional.empty();

    /** Its FIN has come. */
    private boolean ended;

    /** It will be answered no more: an error was the last word. */
    private boolean refused;

    /** It has been sent the FIN, or will be when all before it is sent. */
    private boolean finished;

    private boolean finSent;

    Client(NetSocketInternal socket, NetClient upstreams) {
      this.socket = socket;
      this.upstreams = upstreams;
    }

    // tag::read[]
    void begin() {
      EndOfInput.follow(socket);
      socket.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      socket.closeHandler(_ -> gone());
      socket.shutdownHandler(_ -> hear(Buffer.buffer())); // It has nothing more to say.
      socket.handler(this::hear);
    }

    /** To read ahead, a little, is how a reset is noticed; to read on without end is not. */
    private void hear(Buffer chunk) {
      ended |= chunk.length() == 0; // the FIN: EndOfInput
      unread.add(ByteBuffer.wrap(chunk.getBytes()));
      if (unread.size() > READ_AHEAD) {
        socket.pause();
      }
      advance();
    }

    private void advance() {
      while (!refused && asking.isEmpty() && !socket.writeQueueFull()) {
        Optional<String> line = next();
        if (line.isEmpty()) {
          break;
        }
        take(line.get());
      }
      if (refused) {
        unread.clear(); // Read, or else closing would reset; but not heeded any more.
      }
      if (asking.isPresent()) {
        return;
      }
      if (socket.writeQueueFull()) {
        socket.drainHandler(_ -> advance());
      } else if (unread.isEmpty()) {
        if (ended || (refused && !finished)) {
          finish();
        }
        socket.resume();
      }
    }

    private Optional<String> next() {
      for (ByteBuffer chunk = unread.peek(); chunk != null; chunk = unread.peek()) {
        try {
          Optional<String> line = lines.next(chunk);
          if (line.isPresent()) {
            return line;
          }
        } catch (LineTooLongException _) {
          refuse(LineTooLongException.ANSWER);
          return Optional.empty();
        }
        unread.remove();
      }
      return Optional.empty();
    }

    private void refuse(String why) {
      refused = true;
      socket.write(why);
    }

    private void take(String line) {
      Optional<GatherRequest> question = GatherRequest.parse(line);
      if (question.isEmpty()) {
        refuse(GatherRequest.MALFORMED);
        return;
      }
      Asking it = new Asking(upstreams, question.get());
      asking = Optional.of(it);
      it.answer()
          .onSuccess(
              answer -> {
                if (it.cancelled) {
                  return; // The client is gone.
                }
                it.cancel(); // The calls that have not answered are not needed any more.
                asking = Optional.empty();
                socket.write(answer);
                advance();
              });
    }

    // end::read[]

    // tag::close[]
    /** All that was written is sent, then the FIN; and when both have ended, all is closed. */
    private void finish() {
      if (finSent) {
        socket.channelHandlerContext().close();
      }
      if (finished) {
        return;
      }
      finished = true;
      socket
          .write(Buffer.buffer())
          .onSuccess(
              _ -> {
                ((DuplexChannel) socket.channelHandlerContext().channel()).shutdownOutput();
                finSent = true;
                if (ended) {
                  socket.channelHandlerContext().close();
                }
              });
    }

    private void gone() {
      asking.ifPresent(Asking::cancel);
    }
    // end::close[]
  }

  /** A request, from its line to its answer. */
  private final class Asking {

    private final NetClient upstreams;
    private final GatherRequest question;
    private final List<Call> calls = new ArrayList<>();
    private boolean cancelled;

    Asking(NetClient upstreams, GatherRequest question) {
      this.upstreams = upstreams;
      this.question = question;
    }

    /**
     * Never fails. The deadline is a timer of this event loop, and not {@link Future#timeout}: that
     * fires on a thread of Netty's own where the future comes from a promise and so has no context.
     */
    Future<String> answer() {
      Timer deadline = vertx.timer(config.deadline().toMillis(), TimeUnit.MILLISECONDS);
      Future<String> late = deadline.map("late\n");
      Future<String> answer =
          switch (question.kind()) {
            case ALL -> all(late);
            case FIRST -> earlier(line(firstGood(RETRIES)), late);
          };
      return answer.onComplete(_ -> deadline.cancel());
    }

    private List<Future<String>> ask() {
      List<Future<String>> answers = new ArrayList<>();
      for (InetSocketAddress each : config.upstreams()) {
        Call call = new Call();
        calls.add(call);
        answers.add(call.ask(upstreams, each, question.text()));
      }
      return answers;
    }

    private static Future<String> line(Future<String> answer) {
      return answer.map(it -> "ok " + it + "\n").otherwise("failed\n");
    }

    /** For two futures that never fail. */
    private static Future<String> earlier(Future<String> one, Future<String> other) {
      Promise<String> first = Promise.promise();
      one.onSuccess(first::tryComplete);
      other.onSuccess(first::tryComplete);
      return first.future();
    }

    // tag::all[]
    private Future<String> all(Future<String> late) {
      List<Future<String>> lines = ask().stream().map(it -> earlier(line(it), late)).toList();
      return Future.all(lines).map(it -> String.join("", it.<String>list()));
    }

    // end::all[]

    // tag::first[]
    private Future<String> firstGood(int retries) {
      List<Future<String>> answers = ask();
      Future<String> first =
          Future.any(answers)
              .map(
                  _ ->
                      answers.stream()
                          .filter(Future::succeeded)
                          .findFirst()
                          .orElseThrow()
                          .result());
      return retries == 0
          ? first
          : first.recover(
              failure ->
                  vertx
                      .timer(config.backOff().toMillis(), TimeUnit.MILLISECONDS)
                      .compose(
                          _ -> cancelled ? Future.failedFuture(failure) : firstGood(retries - 1)));
    }

    // end::first[]

    // tag::close[]
    void cancel() {
      cancelled = true;
      calls.forEach(Call::close);
    }
    // end::close[]
  }

  /** One backend, asked once. */
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private static final class Call {

    private final Promise<String> answer = Promise.promise();
    private final LineReader lines = new LineReader();
    private Optional<ConnectAttempt> connecting = Optional.empty();
    private Optional<NetSocket> socket = Optional.empty();

    // tag::ask[]
    Future<String> ask(NetClient upstreams, InetSocketAddress backend, String text) {
      ConnectAttempt attempt = new ConnectAttempt(upstreams, backend);
      connecting = Optional.of(attempt);
      attempt.socket().onSuccess(it -> converse(it, text)).onFailure(answer::tryFail);
      return answer.future();
    }

    private void converse(NetSocket upstream, String text) {
      socket = Optional.of(upstream);
      upstream.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      upstream.closeHandler(_ -> answer.tryFail("it has closed"));
      upstream.handler(this::hear);
      upstream.write(text + "\n");
    }

    private void hear(Buffer chunk) {
      try {
        Optional<String> line = lines.next(ByteBuffer.wrap(chunk.getBytes()));
        if (line.isPresent()) {
          var _ =
              GatherRequest.isSuccess(line.get())
                  ? answer.tryComplete(line.get())
                  : answer.tryFail("");
          close();
        }
      } catch (LineTooLongException e) {
        answer.tryFail(e);
        close();
      }
    }

    // end::ask[]

    // tag::close[]
    void close() {
      connecting.ifPresent(ConnectAttempt::cancel);
      socket.ifPresent(NetSocket::close);
      answer.tryFail("it is not wanted any more");
    }
    // end::close[]
  }

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
