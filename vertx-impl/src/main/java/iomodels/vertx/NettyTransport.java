package iomodels.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A transport as Vert.x wants it: the same as its own, but for {@link KeepRegistered}, {@link
 * EmptyDatagrams}, {@link Acceptor} and {@link ConnectAttempt}. One for each server.
 */
record NettyTransport(
    String name,
    Supplier<@Nullable Throwable> cause,
    Supplier<IoHandlerFactory> loops,
    Acceptor acceptor,
    ChannelFactory<ServerChannel> listening,
    ChannelFactory<Channel> connected,
    Supplier<DatagramChannel> datagrams)
    implements Transport, io.vertx.core.spi.transport.Transport {

  /**
   * For how long a loop runs tasks before it looks for I/O again. Netty's own limit is a second: so
   * long would others wait while conversations, each with a reader that keeps up, go on and on.
   */
  private static final int TASK_MILLIS = 1;

  /** What Vert.x needs to close after the grace period, on a busy machine. */
  private static final Duration CLOSE_MARGIN = Duration.ofSeconds(2);

  static NettyTransport of(iomodels.server.Transport transport) {
    Acceptor acceptor = new Acceptor();
    return switch (transport) {
      case NIO ->
          new NettyTransport(
              "nio",
              () -> null,
              NioIoHandler::newFactory,
              acceptor,
              () -> acceptor.control(new NioServerSocketChannel()),
              () -> ConnectAttempt.opened(new NioSocketChannel()),
              EmptyDatagrams::overNio);
      case EPOLL ->
          new NettyTransport(
              "epoll",
              Epoll::unavailabilityCause,
              KeepRegistered::factory,
              acceptor,
              () -> acceptor.control(new EpollServerSocketChannel()),
              () -> ConnectAttempt.opened(new EpollSocketChannel()),
              () -> EmptyDatagrams.over(new EpollDatagramChannel()));
      case IO_URING ->
          new NettyTransport(
              "io_uring",
              IoUring::unavailabilityCause,
              IoUringIoHandler::newFactory,
              acceptor,
              () -> acceptor.control(new IoUringServerSocketChannel()),
              () -> ConnectAttempt.opened(new IoUringSocketChannel()),
              () -> EmptyDatagrams.over(new IoUringDatagramChannel()));
    };
  }

  /**
   * Vert.x on this transport. Without its file cache: no server here serves files by it, and it
   * needs a temporary folder that can be written, and leaves files there when it is killed.
   *
   * @throws IOException if the system has no thread left
   */
  Vertx vertx(int eventLoops) throws IOException {
    // Netty logs it when descriptors run out, and for the date Java's logger opens a file: now.
    var _ = ZoneId.systemDefault();
    FileSystemOptions files =
        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false);
    try {
      return Vertx.builder()
          .with(new VertxOptions().setEventLoopPoolSize(eventLoops).setFileSystemOptions(files))
          .withTransport(this)
          .build();
    } catch (OutOfMemoryError failure) {
      throw Workers.noThread(failure);
    }
  }

  /** Closes what has not become a server; within bounds, for it may lack the threads to close. */
  static void abandon(Vertx vertx) {
    try {
      vertx
          .close()
          .toCompletionStage()
          .toCompletableFuture()
          .get(CLOSE_MARGIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | OutOfMemoryError failure) {
      System.getLogger(NettyTransport.class.getName())
          .log(System.Logger.Level.DEBUG, "Vert.x was not closed", failure);
    }
  }

  /**
   * Accepts what has come, undeploys the listeners, which shut their servers down, and ends the
   * event loops. Blocks until then, or {@link #CLOSE_MARGIN} longer than the grace period.
   */
  void close(Vertx vertx, int backlog, Duration gracePeriod) {
    acceptor
        .stop(backlog, gracePeriod)
        .eventually(vertx::close)
        .toCompletionStage()
        .toCompletableFuture()
        .completeOnTimeout(null, gracePeriod.plus(CLOSE_MARGIN).toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(_ -> null)
        .join();
  }

  @Override
  public boolean available() {
    return unavailabilityCause() == null;
  }

  @Override
  public boolean isAvailable() {
    return available();
  }

  @Override
  public @Nullable Throwable unavailabilityCause() {
    return cause.get();
  }

  @Override
  public NettyTransport implementation() {
    return this;
  }

  @Override
  public IoHandlerFactory ioHandlerFactory() {
    return loops.get();
  }

  /** The loops that Vert.x would make, but for {@link #TASK_MILLIS}. */
  @Override
  public EventLoopGroup eventLoopGroup(int type, int loops, ThreadFactory threads, int ioRatio) {
    return new MultiThreadIoEventLoopGroup(loops, threads, ioHandlerFactory()) {
      @Override
      protected EventLoop newChild(Executor executor, Object... arguments) {
        return new SingleThreadIoEventLoop(
            this,
            executor,
            ioHandlerFactory(),
            Integer.MAX_VALUE,
            RejectedExecutionHandlers.reject(),
            TASK_MILLIS);
      }
    };
  }

  @Override
  public ChannelFactory<ServerChannel> serverChannelFactory(boolean domainSocket) {
    return listening;
  }

  @Override
  public ChannelFactory<Channel> channelFactory(boolean domainSocket) {
    return connected;
  }

  @Override
  @SuppressWarnings("deprecation") // Netty's word on the type in this signature of Vert.x
  public DatagramChannel datagramChannel(InternetProtocolFamily family) {
    return datagrams.get();
  }

  @Override
  public ChannelFactory<DatagramChannel> datagramChannelFactory() {
    return datagrams::get;
  }
}
