package iomodels.vertx;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

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

/**
 * The Vert.x of one server, from its start to its end, on one of Netty's transports. Each server
 * has its own, so that the end of one is not the end of another. Safe for use by several threads.
 */
public final class VertxRuntime {

  /** One event loop for each core. */
  public static final int EVENT_LOOPS = Runtime.getRuntime().availableProcessors();

  /** What Vert.x needs to close after the grace period, on a busy machine. */
  private static final Duration CLOSE_MARGIN = Duration.ofSeconds(2);

  private final NettyTransport netty;
  private final Runnable atEnd;
  private final Vertx vertx;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();

  /**
   * Starts Vert.x. It has no file cache: no server here serves files by it, and it needs a
   * temporary folder that can be written, and leaves files there when it is killed.
   *
   * @param atEnd runs once, after Vert.x has ended; also if it does not start
   * @throws IOException if the system has no thread left
   */
  public VertxRuntime(Transport transport, Runnable atEnd) throws IOException {
    netty = NettyTransport.of(transport);
    this.atEnd = atEnd;
    // Loads the time zone now: Java's logger would open a file for it when no file can be opened.
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
   * The address for all verticles that listen together. For port 0 the system chooses one, which
   * they share.
   */
  public static SocketAddress shared(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return address.getPort() == 0
        ? SocketAddress.sharedRandomPort(1, host)
        : SocketAddress.inetSocketAddress(address.getPort(), host);
  }

  /**
   * Closes what has not become a server; within bounds, since Vert.x may lack the threads to close.
   *
   * @return the exception to throw
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
          .log(System.Logger.Level.DEBUG, "Vert.x was not closed", e);
    }
    atEnd.run();
    return StartFailures.of(failure);
  }

  /**
   * Accepts the connections in the kernel's queue, undeploys the verticles, which shut their
   * servers down, and ends the event loops. Returns when that is done, at the latest {@link
   * #CLOSE_MARGIN} after the grace period; a second call waits for the same end.
   *
   * @param backlog the length of the kernel's queue
   */
  public void close(int backlog, Duration gracePeriod) {
    if (closing.compareAndSet(false, true)) {
      // Connections are told to end only after the stop, so no descriptor would become free.
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
