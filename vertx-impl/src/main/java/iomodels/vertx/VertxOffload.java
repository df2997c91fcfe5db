package iomodels.vertx;

import static java.lang.System.Logger.Level.WARNING;

import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.Context;
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
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Slow work with handlers: a pool does it, and {@code runOnContext} brings its answer back to the
 * event loop of who asked. ({@code executeBlocking} is both in one, but as many may wait for its
 * workers as like, and what waits cannot be taken back; so the pool is the JDK's.)
 */
final class VertxOffload implements Server {

  private static final System.Logger LOG = System.getLogger(VertxOffload.class.getName());

  private static final int READ_AHEAD = 1;

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final ThreadPoolExecutor pool;
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  VertxOffload(ProgramConfig config, Transport transport) throws IOException {
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
          .connectHandler(socket -> new Client((NetSocketInternal) socket, context).begin())
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
    private final Context context;
    private final LineReader lines = new LineReader();
    private final Queue<ByteBuffer> unread = new ArrayDeque<>();
    private Optional<FutureTask<?>> job = Optional.empty();

    /** Its FIN has come. */
    private boolean ended;

    /** It will be answered no more: an error was the last word. */
    private boolean refused;

    /** It has been sent the FIN, or will be when all before it is sent. */
    private boolean finished;

    private boolean finSent;

    Client(NetSocketInternal socket, Context context) {
      this.socket = socket;
      this.context = context;
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
      while (!refused && job.isEmpty() && !socket.writeQueueFull()) {
        Optional<String> line = next();
        if (line.isEmpty()) {
          break;
        }
        take(line.get());
      }
      if (refused) {
        unread.clear(); // Read, or else closing would reset; but not heeded any more.
      }
      if (job.isPresent()) {
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
      Optional<OffloadRequest> work = OffloadRequest.parse(line, config.folder());
      if (work.isEmpty()) {
        refuse(OffloadRequest.MALFORMED);
        return;
      }
      switch (work.get()) {
        case OffloadRequest.Ping _ -> socket.write(OffloadRequest.PONG);
        case OffloadRequest.Task slow -> elsewhere(slow);
      }
    }

    // end::read[]

    // tag::work[]
    private void elsewhere(OffloadRequest.Task work) {
      FutureTask<?> task =
          new FutureTask<>(
              () -> {
                try {
                  String answer = work.answer();
                  context.runOnContext(_ -> answered(answer));
                } catch (InterruptedException _) {
                  // The client is gone.
                } catch (Throwable bug) { // The task would keep an Error to itself.
                  socket.close(); // It costs its own connection.
                  LOG.log(WARNING, "A request failed.", bug);
                }
              },
              null);
      try {
        pool.execute(task);
        job = Optional.of(task);
      } catch (RejectedExecutionException _) {
        socket.write(OffloadRequest.BUSY);
      }
    }

    private void answered(String answer) {
      job = Optional.empty();
      socket.write(answer);
      advance();
    }

    // end::work[]

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
      job.ifPresent(
          task -> {
            task.cancel(true); // If it has begun, it is interrupted.
            pool.remove(task);
          });
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
