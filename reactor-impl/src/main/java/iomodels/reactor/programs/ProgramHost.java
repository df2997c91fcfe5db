package iomodels.reactor.programs;

import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import iomodels.netty.Acceptor;
import iomodels.program.ProgramConfig;
import iomodels.reactor.BindFailure;
import iomodels.reactor.DuplexConnection;
import iomodels.reactor.Loops;
import iomodels.server.Server;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpServer;

/**
 * The server of a program: accepts clients, subscribes to one conversation per client, and when it
 * stops, lets the conversations end within the grace period.
 */
final class ProgramHost implements Server {

  /** Creates the conversations of a program. */
  interface Program {

    /**
     * Returns the conversation with a client. The host subscribes to it on the event loop of the
     * client, and cancels it when the client disconnects. When it completes or fails, the host
     * closes the connection.
     *
     * @param stop completes on the event loop of the client, {@link ProgramHost#LAST_READ} after
     *     the server begins to stop; the program then reads no more requests
     */
    Mono<Void> converse(DuplexConnection client, Mono<Void> stop);
  }

  /** Time for which a server that stops still reads from its clients. */
  static final Duration LAST_READ = Duration.ofMillis(100);

  private final ProgramConfig config;
  private final Loops loops;
  private final Program program;
  private final Runnable atEnd;
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Acceptor acceptor = new Acceptor(channels::add);
  private final DisposableServer server;
  private final Sinks.Empty<Void> stop = Sinks.empty();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  /**
   * Starts to listen and to accept.
   *
   * @param loops owned by the host from now on, which stops them, also if the start fails
   * @throws IOException if the address cannot be used, or is an upstream of the program
   */
  ProgramHost(ProgramConfig config, Loops loops, Program program) throws IOException {
    this(config, loops, program, () -> {});
  }

  /**
   * Starts to listen and to accept.
   *
   * @param atEnd runs after all conversations have ended
   */
  ProgramHost(ProgramConfig config, Loops loops, Program program, Runnable atEnd)
      throws IOException {
    this.config = config;
    this.loops = loops;
    this.program = program;
    this.atEnd = atEnd;
    try {
      server =
          TcpServer.create()
              .bindAddress(config::address)
              .runOn(loops)
              .channelGroup(channels) // For connections before the acceptor is installed.
              .option(ChannelOption.SO_BACKLOG, config.backlog())
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .doOnChannelInit(DuplexConnection::install)
              .doOnBound(it -> channels.add(acceptor.install(it.channel())))
              .doOnConnection(this::accept)
              .bindNow();
      config.demandUpstreamElsewhere(address());
    } catch (IOException | RuntimeException failure) {
      channels.close().awaitUninterruptibly(); // io_uring does not close them when its loop ends.
      loops.end();
      throw BindFailure.of(failure);
    }
  }

  // tag::accept[]
  private void accept(Connection connection) {
    DuplexConnection client = new DuplexConnection(connection);
    Scheduler loop = loops.scheduler(client);
    Mono<Void> end = stop.asMono().then(Mono.delay(LAST_READ, loop)).then();
    Mono.firstWithSignal(program.converse(client, end), client.closed())
        .publishOn(loop) // Reactor Netty must end a connection on its event loop.
        .subscribe(connection.disposeSubscriber());
  }

  // end::accept[]

  // tag::close[]
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      stop.tryEmitEmpty();
      Duration left = Loops.stopAccepting(acceptor, config.backlog(), config.gracePeriod());
      channels.newCloseFuture().awaitUninterruptibly(left.toMillis());
      channels.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
      loops.end();
      atEnd.run();
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
