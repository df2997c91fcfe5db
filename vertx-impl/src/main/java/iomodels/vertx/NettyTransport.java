package iomodels.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.transport.Transport;
import iomodels.netty.Acceptor;
import iomodels.netty.Channels;
import iomodels.netty.EventLoopGroups;
import iomodels.netty.StartFailures;
import iomodels.netty.Transports;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A transport of Netty for Vert.x, in place of its own: with an {@link Acceptor}, with channels
 * that a {@link ConnectAttempt} can close, with a bound on the time for tasks, and without two
 * faults of Netty ({@link EventLoopGroups}, {@link Channels}). One for each server.
 */
record NettyTransport(iomodels.server.Transport transport, Acceptor acceptor)
    implements Transport, io.vertx.core.spi.transport.Transport {

  /** What Vert.x needs to close after the grace period, on a busy machine. */
  private static final Duration CLOSE_MARGIN = Duration.ofSeconds(2);

  static NettyTransport of(iomodels.server.Transport transport) {
    return new NettyTransport(transport, new Acceptor());
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
      throw StartFailures.noThread(failure);
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
    // Connections are told to end only after the stop, so no descriptor would become free.
    Future.fromCompletionStage(acceptor.stop(backlog, gracePeriod, Acceptor.WhenExhausted.CLOSE))
        .eventually(vertx::close)
        .toCompletionStage()
        .toCompletableFuture()
        .completeOnTimeout(null, gracePeriod.plus(CLOSE_MARGIN).toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(_ -> null)
        .join();
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
  @SuppressWarnings("deprecation") // Netty's word on the type in this signature of Vert.x
  public DatagramChannel datagramChannel(InternetProtocolFamily family) {
    return Channels.datagram(transport);
  }

  @Override
  public ChannelFactory<DatagramChannel> datagramChannelFactory() {
    return () -> Channels.datagram(transport);
  }
}
