package iomodels.vertx;

import io.netty.channel.socket.DuplexChannel;
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

/**
 * The room with handlers: it belongs to one event loop, and so do all its members; nobody has to
 * lock it. The outbox of a member is its socket's write queue. How much waits there is counted
 * here: {@code writeQueueFull} counts what a line takes besides its bytes, and says so until half
 * of it is gone. Where others would pause somebody who writes too much, here the member who does
 * not read is dropped: those who speak are not to wait for those who do not listen.
 */
final class VertxChat implements Server {

  private final ProgramConfig config;
  private final Transport transport;
  private final NettyTransport netty;
  private final Vertx vertx;
  private final Room room = new Room();
  private final InetSocketAddress address;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  VertxChat(ProgramConfig config, Transport transport) throws IOException {
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
          .connectHandler(socket -> new Client((NetSocketInternal) socket).begin())
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
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  private final class Client implements Room.Member {

    private final NetSocketInternal socket;
    private final LineReader lines = new LineReader();
    private int owed;

    /** Under which it is in the room. */
    private Optional<String> name = Optional.empty();

    /** Its FIN has come. */
    private boolean ended;

    /**
     * It is not heeded any more, and is sent the FIN: its own has come, or an error was the last.
     */
    private boolean finished;

    private boolean finSent;

    Client(NetSocketInternal socket) {
      this.socket = socket;
    }

    // tag::converse[]
    void begin() {
      EndOfInput.follow(socket);
      socket.exceptionHandler(_ -> {}); // Vert.x closes the socket then.
      socket.closeHandler(_ -> gone());
      socket.shutdownHandler(_ -> hear(Buffer.buffer())); // It has nothing more to say.
      socket.handler(this::hear);
    }

    private void hear(Buffer chunk) {
      try {
        ByteBuffer bytes = ByteBuffer.wrap(chunk.getBytes());
        while (!finished) { // What comes after an error is read, or else closing would reset.
          Optional<String> line = lines.next(bytes);
          if (line.isEmpty()) {
            break;
          }
          take(line.get());
        }
      } catch (LineTooLongException _) {
        refuse(LineTooLongException.ANSWER);
      }
      if (chunk.length() == 0) { // the FIN: EndOfInput
        ended = true;
        finish();
      }
    }

    private void take(String line) {
      if (name.isPresent()) {
        room.say(name.get(), this, line);
        return;
      }
      name = Optional.of(line); // Before it enters: if it is reset meanwhile, it leaves.
      room.enter(line, this)
          .ifPresent(
              why -> {
                name = Optional.empty();
                refuse(why);
              });
    }

    private void refuse(String why) {
      socket.write(why);
      finish();
    }

    private void gone() {
      finished = true; // What was read before it is not heeded any more.
      leaveRoom();
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
      socket.write(bytes).onSuccess(_ -> owed -= bytes.length());
      return true;
    }

    @Override
    public void drop() {
      name = Optional.empty();
      finished = true;
      socket.channelHandlerContext().close();
    }

    // end::outbox[]

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
      leaveRoom();
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
