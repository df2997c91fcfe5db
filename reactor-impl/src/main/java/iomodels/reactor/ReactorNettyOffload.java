package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
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
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.FutureMono;
import reactor.netty.tcp.TcpServer;

/**
 * Slow work with streams: a piece of it is a {@code Mono} that a pool completes, and that leaves
 * the pool's queue when nobody wants it any more. ({@code Schedulers.boundedElastic} is such a
 * pool, but its bound is for each of its threads, and what is cancelled keeps its place.) In order
 * and one at a time is what {@code concatMap} does anyway.
 */
final class ReactorNettyOffload implements Server {

  private static final int READ_AHEAD = 1;

  /** For how long the server still reads when it stops: what had been sent before is answered. */
  private static final Duration LAST_CALL = Duration.ofMillis(100);

  private final ProgramConfig config;
  private final Loops loops;
  private final ThreadPoolExecutor pool;
  private final Acceptor acceptor;
  private final DisposableServer server;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /** Nobody has anything more to say. */
  private final Sinks.Empty<Void> stop = Sinks.empty();

  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  ReactorNettyOffload(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.loops = Loops.of(transport);
    this.acceptor = new Acceptor(connections::add);
    try {
      pool = Workers.start(config.workers(), config.queue());
    } catch (IOException failure) {
      loops.end();
      throw failure;
    }
    try {
      server =
          TcpServer.create()
              .bindAddress(config::address)
              .runOn(loops)
              .channelGroup(connections) // for those that come before the acceptor is there
              .option(ChannelOption.SO_BACKLOG, config.backlog())
              .option(ChannelOption.SO_REUSEADDR, true)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .doOnBound(it -> acceptor.install(it.channel()))
              .doOnConnection(this::accept)
              .bindNow();
    } catch (RuntimeException failure) {
      pool.shutdownNow();
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  /** What a client is told, and whether it is the last. */
  private record Reply(String text, boolean isLast) {}

  // tag::accept[]
  private void accept(Connection client) {
    EndOfInput end = new EndOfInput();
    client.addHandlerLast(end);
    Mono<Void> conversation =
        requests(client)
            .concatMap(reply -> reply, READ_AHEAD)
            .takeUntil(Reply::isLast)
            .concatMap(reply -> client.outbound().sendString(Mono.just(reply.text())).then(), 0)
            .then(Mono.defer(() -> finish(client, end)));
    Mono.firstWithSignal(conversation, closed(client)).subscribe(client.disposeSubscriber());
  }

  // end::accept[]

  // tag::answer[]
  /** A line that is too long is a request like others: those before it are answered first. */
  private Flux<Mono<Reply>> requests(Connection client) {
    Mono<Reply> refusal = Mono.just(new Reply(LineTooLongException.ANSWER, true));
    return lines(client)
        .map(line -> reply(client, line))
        .onErrorResume(LineTooLongException.class, _ -> Mono.just(refusal));
  }

  private Mono<Reply> reply(Connection client, String line) {
    Optional<OffloadRequest> work = OffloadRequest.parse(line, config.folder());
    return work.isEmpty()
        ? Mono.just(new Reply(OffloadRequest.MALFORMED, true))
        : answer(work.get())
            // Or what comes next would be done by the worker.
            .publishOn(Schedulers.fromExecutorService(client.channel().eventLoop()))
            .map(it -> new Reply(it, false));
  }

  // end::answer[]

  // tag::work[]
  private Mono<String> answer(OffloadRequest work) {
    return switch (work) {
      case OffloadRequest.Ping _ -> Mono.just(OffloadRequest.PONG);
      case OffloadRequest.Task slow ->
          elsewhere(slow).onErrorReturn(RejectedExecutionException.class, OffloadRequest.BUSY);
    };
  }

  private Mono<String> elsewhere(OffloadRequest.Task work) {
    return Mono.create(
        sink -> {
          FutureTask<String> task = task(work, sink);
          sink.onCancel(
              () -> {
                task.cancel(true); // Others want the worker,
                pool.remove(task); // or the place in the queue.
              });
          pool.execute(task);
        });
  }

  private static FutureTask<String> task(OffloadRequest.Task work, MonoSink<String> sink) {
    return new FutureTask<>(work::answer) {
      @Override
      protected void done() {
        switch (state()) {
          case SUCCESS -> sink.success(resultNow());
          case FAILED -> sink.error(exceptionNow());
          case CANCELLED, RUNNING -> {} // Nobody wants the answer.
        }
      }
    };
  }

  // end::work[]

  // tag::read[]
  /** What has come, one piece at a time; complete at the FIN, or when the server is to stop. */
  private Flux<ByteBuffer> chunks(Connection from) {
    return from.inbound()
        .receiveObject()
        .takeWhile(ByteBuf.class::isInstance) // else it is the FIN: EndOfInput
        .map(bytes -> ByteBuffer.wrap(ByteBufUtil.getBytes((ByteBuf) bytes)))
        .takeUntilOther(stop.asMono());
  }

  /** Each piece may have many lines, or none. */
  private Flux<String> lines(Connection from) {
    LineReader reader = new LineReader();
    return chunks(from).concatMap(chunk -> lines(reader, chunk), READ_AHEAD);
  }

  private static Flux<String> lines(LineReader reader, ByteBuffer chunk) {
    return Flux.generate(
        sink -> {
          try {
            reader.next(chunk).ifPresentOrElse(sink::next, sink::complete);
          } catch (LineTooLongException e) {
            sink.error(e);
          }
        });
  }

  // end::read[]

  // tag::close[]
  /** Never completes, and fails when the connection is closed: by its peer, if it comes first. */
  private static Mono<Void> closed(Connection connection) {
    return connection.onDispose().then(Mono.error(() -> new IOException("it is gone")));
  }

  /**
   * The FIN; and what comes until the peer's own is read, or else closing would reset. But while
   * the server stops, nobody waits long for that.
   */
  private Mono<Void> finish(Connection connection, EndOfInput end) {
    connection.channel().config().setAutoRead(true); // no one listens any more
    return FutureMono.from(((DuplexChannel) connection.channel()).shutdownOutput())
        .then(Mono.firstWithSignal(end.seen(), stop.asMono().then(Mono.delay(LAST_CALL)).then()));
  }

  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      var _ = loops.group().schedule(stop::tryEmitEmpty, LAST_CALL.toMillis(), MILLISECONDS);
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      connections.newCloseFuture().awaitUninterruptibly(left.toMillis());
      connections.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
      loops.end();
      pool.shutdownNow(); // What still works works for nobody.
      terminated.complete(null);
    }
    terminated.join();
  }

  // end::close[]

  @Override
  public InetSocketAddress address() {
    return (InetSocketAddress) server.address();
  }

  @Override
  public Optional<Transport> transport() {
    return Optional.of(loops.transport());
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
