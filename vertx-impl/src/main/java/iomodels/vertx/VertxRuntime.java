package iomodels.vertx;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.net.SocketAddress;
import iomodels.netty.Acceptor;
import iomodels.netty.StartFailures;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The Vert.x instance of one server: starts it on one of Netty's transports, and closes it. Each
 * server has its own instance, so closing one server does not affect another. Thread-safe.
 */
public final class VertxRuntime {

  /** Number of event loops: one per core. */
  public static final int EVENT_LOOPS = Runtime.getRuntime().availableProcessors();

  /** Time that Vert.x gets to close after the grace period; enough on a busy machine. */
  private static final Duration CLOSE_MARGIN = Duration.ofSeconds(2);

  private final NettyTransport netty;
  private final Runnable atEnd;
  private final Vertx vertx;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  /**
   * Starts Vert.x without its file cache, which no server here uses. The cache needs a writable
   * temporary directory, and leaves files there if the process is killed.
   *
   * @param atEnd runs once, after Vert.x has closed or has failed to start
   * @throws IOException if the system cannot create another thread
   */
  public VertxRuntime(Transport transport, Runnable atEnd) throws IOException {
    this(transport, atEnd, _ -> {});
  }

  /**
   * Starts Vert.x like the other constructor, and passes each accepted connection to a function
   * before Vert.x gets it.
   *
   * @param onAccepted called on the listener's event loop
   * @throws IOException if the system cannot create another thread
   */
  public VertxRuntime(Transport transport, Runnable atEnd, Consumer<Channel> onAccepted)
      throws IOException {
    netty = NettyTransport.of(transport, onAccepted);
    this.atEnd = atEnd;
    // Load the time zone now: the logger may need it when no file can be opened any more.
    var _ = ZoneId.systemDefault();
    FileSystemOptions files =
        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false);
    try {
      vertx =
          Vertx.builder()
              .with(
                  new VertxOptions().setEventLoopPoolSize(EVENT_LOOPS).setFileSystemOptions(files))
              .withTransport(netty)
              .build();
    } catch (RuntimeException | OutOfMemoryError failure) {
      atEnd.run();
      throw StartFailures.of(failure);
    }
  }

  public Vertx vertx() {
    return vertx;
  }

  /** See {@link iomodels.server.Server#transport}. */
  public Optional<Transport> transport() {
    return Optional.of(netty.transport());
  }

  /**
   * Returns the address on which all listener verticles listen together. For port 0 the system
   * chooses a port, which they share.
   */
  public static SocketAddress shared(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return address.getPort() == 0
        ? SocketAddress.sharedRandomPort(1, host)
        : SocketAddress.inetSocketAddress(address.getPort(), host);
  }

  /**
   * Closes Vert.x after a failed start. Waits at most {@link #CLOSE_MARGIN}, since Vert.x may lack
   * the threads to close.
   *
   * @return the exception that the constructor of the server throws
   */
  public IOException abandon(Throwable failure) {
    try {
      vertx
          .close()
          .toCompletionStage()
          .toCompletableFuture()
          .get(CLOSE_MARGIN.toMillis(), MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | OutOfMemoryError e) {
      System.getLogger(VertxRuntime.class.getName())
          .log(System.Logger.Level.DEBUG, "Vert.x could not be closed.", e);
    }
    atEnd.run();
    return StartFailures.of(failure);
  }

  /**
   * Accepts the connections in the accept backlog, undeploys the verticles, which shut down their
   * servers, and stops the event loops. Returns when all of that is done, at the latest {@link
   * #CLOSE_MARGIN} after the grace period. A second call waits until the first has finished.
   *
   * @param backlog length of the accept backlog
   */
  public void close(int backlog, Duration gracePeriod) {
    if (closing.compareAndSet(false, true)) {
      // Connections are closed only afterwards, so waiting would not free a descriptor.
      Future.fromCompletionStage(
              netty.acceptor().stop(backlog, gracePeriod, Acceptor.WhenExhausted.CLOSE))
          .eventually(vertx::close)
          .toCompletionStage()
          .toCompletableFuture()
          .completeOnTimeout(null, gracePeriod.plus(CLOSE_MARGIN).toMillis(), MILLISECONDS)
          .exceptionally(_ -> null)
          .join();
      atEnd.run();
      terminated.complete(null);
    }
    terminated.join();
  }

  /** See {@link iomodels.server.Server#terminated}. */
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
