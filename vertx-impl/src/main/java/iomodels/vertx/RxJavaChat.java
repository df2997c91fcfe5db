package iomodels.vertx;

import io.netty.channel.socket.DuplexChannel;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.processors.UnicastProcessor;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.netty.StartFailures;
import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import iomodels.program.ProgramConfig;
import iomodels.program.Room;
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
 * The room with streams: each member has two, the lines that it says and those that it is told, the
 * latter out of a processor into which the room puts them. A processor has no end: how much is in
 * it is counted here. One event loop has the room and all its members, and so nobody has to lock
 * it.
 */
final class RxJavaChat implements Server {

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final Room room = new Room();
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  RxJavaChat(ProgramConfig config, Transport transport) throws IOException {
    this.config = config;
    this.transport = transport;
    netty = NettyTransport.of(transport);
    vertx = netty.vertx(Runtime.getRuntime().availableProcessors());
    try {
      CompletableFuture<Integer> port = new CompletableFuture<>();
      vertx
          .deployVerticle(() -> new Listener(port), new DeploymentOptions().setInstances(1))
          .await();
      address = new InetSocketAddress(config.address().getAddress(), port.join());
    } catch (Exception | OutOfMemoryError failure) {
      NettyTransport.abandon(vertx);
      throw StartFailures.of(failure);
    }
  }

  // tag::accept[]
  /** One, and so one event loop. */
  private final class Listener extends VerticleBase {

    private final CompletableFuture<Integer> port;

    @SuppressWarnings("NullAway.Init") // start() comes first
    private NetServer server;

    Listener(CompletableFuture<Integer> port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(config.backlog()));
      int wanted = config.address().getPort();
      return server
          .connectHandler(socket -> new Client((NetSocketInternal) socket).converse())
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

  /** In the room, or on its threshold. */
  private final class Client implements Room.Member {

    private final NetSocketInternal socket;
    private final UnicastProcessor<Buffer> outbox = UnicastProcessor.create();
    private int owed;
    private boolean dropped;

    /** Under which it is in the room. */
    private Optional<String> name = Optional.empty();

    Client(NetSocketInternal socket) {
      this.socket = socket;
    }

    // tag::converse[]
    void converse() {
      EndOfInput end = EndOfInput.follow(socket);
      socket.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      Completable hearing =
          lines(socket)
              .takeUntil(this::isLast)
              .ignoreElements()
              .doOnError(_ -> tell(LineTooLongException.ANSWER))
              .onErrorComplete(LineTooLongException.class::isInstance)
              .doFinally(this::leaveRoom)
              .andThen(Completable.fromAction(outbox::onComplete));
      Completable telling = outbox.concatMapCompletable(this::send, 1);
      var _ =
          Completable.mergeArray(hearing, telling)
              .andThen(Completable.defer(() -> finish(socket, end)))
              .ambWith(closed(socket))
              .subscribe(() -> close(socket), _ -> close(socket));
    }

    /** Takes a line; whether it is refused, and so the last. */
    private boolean isLast(String line) {
      if (dropped) {
        return true;
      }
      if (name.isPresent()) {
        room.say(name.get(), this, line);
        return false;
      }
      name = Optional.of(line); // Before it enters: if it is reset meanwhile, it leaves.
      Optional<String> refusal = room.enter(line, this);
      refusal.ifPresent(
          why -> {
            name = Optional.empty();
            tell(why);
          });
      return refusal.isPresent();
    }

    private void leaveRoom() {
      name.ifPresent(it -> room.leave(it, this));
      name = Optional.empty();
    }

    // end::converse[]

    // tag::outbox[]
    @Override
    public boolean tell(String line) {
      if (owed >= config.outbox()) {
        return false;
      }
      Buffer bytes = Buffer.buffer(line);
      owed += bytes.length();
      outbox.onNext(bytes);
      return true;
    }

    private Completable send(Buffer bytes) {
      return done(socket.write(bytes)).doOnComplete(() -> owed -= bytes.length());
    }

    @Override
    public void drop() {
      name = Optional.empty();
      dropped = true;
      close(socket);
    }
    // end::outbox[]
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
