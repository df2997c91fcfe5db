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
import io.vertx.core.transport.Transport;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A transport as Vert.x wants it: the same as its own, but for {@link KeepRegistered} and {@link
 * EmptyDatagrams}.
 */
record NettyTransport(
    String name,
    Supplier<@Nullable Throwable> cause,
    Supplier<IoHandlerFactory> loops,
    ChannelFactory<ServerChannel> listening,
    ChannelFactory<Channel> connected,
    Supplier<DatagramChannel> datagrams)
    implements Transport, io.vertx.core.spi.transport.Transport {

  /**
   * For how long a loop runs tasks before it looks for I/O again. Netty's own limit is a second: so
   * long would others wait while conversations, each with a reader that keeps up, go on and on.
   */
  private static final int TASK_MILLIS = 1;

  static NettyTransport of(iomodels.server.Transport transport) {
    return switch (transport) {
      case NIO ->
          new NettyTransport(
              "nio",
              () -> null,
              NioIoHandler::newFactory,
              NioServerSocketChannel::new,
              NioSocketChannel::new,
              EmptyDatagrams::overNio);
      case EPOLL ->
          new NettyTransport(
              "epoll",
              Epoll::unavailabilityCause,
              KeepRegistered::factory,
              EpollServerSocketChannel::new,
              EpollSocketChannel::new,
              () -> EmptyDatagrams.over(new EpollDatagramChannel()));
      case IO_URING ->
          new NettyTransport(
              "io_uring",
              IoUring::unavailabilityCause,
              IoUringIoHandler::newFactory,
              IoUringServerSocketChannel::new,
              IoUringSocketChannel::new,
              () -> EmptyDatagrams.over(new IoUringDatagramChannel()));
    };
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
