package iomodels.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.transport.Transport;
import iomodels.netty.Acceptor;
import iomodels.netty.Channels;
import iomodels.netty.EventLoopGroups;
import iomodels.netty.Transports;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One of Netty's transports, in place of those that Vert.x provides. It adds an {@link Acceptor},
 * channels that a {@link ConnectAttempt} can close, and a limit on the time for tasks. It works
 * around two faults of Netty with {@code EpollNoneOpsWorkaround} (through {@link EventLoopGroups})
 * and {@code EmptyDatagramWorkaround} (through {@link Channels}). Each server has its own instance;
 * see {@link VertxRuntime}.
 */
record NettyTransport(iomodels.server.Transport transport, Acceptor acceptor)
    implements Transport, io.vertx.core.spi.transport.Transport {

  static NettyTransport of(
      iomodels.server.Transport transport, Consumer<? super Channel> onAccepted) {
    return new NettyTransport(transport, new Acceptor(onAccepted));
  }

  @Override
  public String name() {
    return transport.toString();
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
    return Transports.unavailabilityCause(transport).orElse(null);
  }

  @Override
  public NettyTransport implementation() {
    return this;
  }

  @Override
  public IoHandlerFactory ioHandlerFactory() {
    return EventLoopGroups.ioHandlers(transport);
  }

  @Override
  public EventLoopGroup eventLoopGroup(int type, int loops, ThreadFactory threads, int ioRatio) {
    return EventLoopGroups.create(transport, loops, threads);
  }

  @Override
  public ChannelFactory<ServerChannel> serverChannelFactory(boolean domainSocket) {
    return () -> acceptor.install(Channels.server(transport));
  }

  @Override
  public ChannelFactory<Channel> channelFactory(boolean domainSocket) {
    return () -> ConnectAttempt.opened(Channels.stream(transport));
  }

  @Override
  @SuppressWarnings("deprecation") // Netty deprecates a type in this signature
  public DatagramChannel datagramChannel(InternetProtocolFamily family) {
    return Channels.datagram(transport);
  }

  @Override
  public ChannelFactory<DatagramChannel> datagramChannelFactory() {
    return () -> Channels.datagram(transport);
  }
}
