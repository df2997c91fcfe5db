package iomodels.reactor;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.FutureMono;
import reactor.netty.NettyOutbound;

/**
 * A TCP connection whose two directions end independently: the peer's FIN completes {@link #input},
 * and {@link #shutdownOutput} sends a FIN. Reactor Netty does not support half-closed connections
 * (<a href="https://github.com/reactor/reactor-netty/issues/35">reactor-netty#35</a>). So this
 * class contains all code below its API, which uses Netty's channel and pipeline.
 *
 * <p>A server or client must set {@link #install} as {@code doOnChannelInit}, and the option {@link
 * ChannelOption#ALLOW_HALF_CLOSURE}. Otherwise Netty closes the connection at the FIN, unsent
 * replies are lost, and {@code input} fails at its end.
 *
 * <p>Thread-safe, unless a method says otherwise. The publishers do nothing before subscription.
 */
public record DuplexConnection(Connection connection, Channel channel) {

  /** Marks the FIN in the input. An empty buffer cannot mark it: Reactor Netty drops it. */
  private static final Object END_OF_INPUT = new Object();

  /**
   * Wraps a connection, and keeps its channel: after the end of its streams, a {@code Connection}
   * of Reactor Netty returns another channel, which throws.
   */
  public DuplexConnection(Connection connection) {
    this(connection, connection.channel());
  }

  /** Adds the handler that puts the end of input into the stream. */
  public static void install(
      ConnectionObserver observer, Channel channel, @Nullable SocketAddress remoteAddress) {
    channel.pipeline().addFirst(EndOfInputHandler.INSTANCE);
  }

  /** Returns the output. */
  public NettyOutbound outbound() {
    return connection.outbound();
  }

  /**
   * Returns the data that the peer sends. Completes at the peer's FIN, and fails if the connection
   * is closed or reset before. Without demand at most one message is read ahead, and TCP flow
   * control slows the peer down. The stream releases a buffer when {@code onNext} returns.
   */
  public Flux<ByteBuf> input() {
    return Flux.<Object>concat(
            connection.inbound().receiveObject(), Mono.error(DuplexConnection::closedEarly))
        .handle(
            (message, sink) -> {
              if (message instanceof ByteBuf bytes) {
                sink.next(bytes);
              } else {
                sink.complete();
              }
            });
  }

  /**
   * Returns a {@code Mono} that never completes, and fails when either side closes the connection.
   */
  public Mono<Void> closed() {
    return connection.onDispose().then(Mono.error(DuplexConnection::closedEarly));
  }

  private static IOException closedEarly() {
    return new IOException("connection closed before the end of the conversation");
  }

  /** Sends FIN after all previous writes. The input stays open. */
  public Mono<Void> shutdownOutput() {
    return FutureMono.deferFuture(((DuplexChannel) channel)::shutdownOutput);
  }

  /**
   * Sends FIN, discards further input, and completes at the peer's FIN. Closing a socket with
   * unread input would send RST, which destroys the last reply in transit. Must be called after the
   * subscription to {@link #input} has ended.
   */
  public Mono<Void> finish() {
    return Mono.defer(
        () -> {
          if (((DuplexChannel) channel).isInputShutdown()) {
            return Mono.empty();
          }
          channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false); // FIN closes it.
          channel.config().setAutoRead(true); // Reactor Netty drops it without subscriber.
          return shutdownOutput().then(connection.onDispose());
        });
  }

  /**
   * Closes with FIN, even if {@link ChannelOption#SO_LINGER} is 0. Runs on the event loop of the
   * channel: on another thread, the channel may be closed meanwhile, and its descriptor belong to
   * another socket.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // The close future reports failures.
  public void closeByFin() {
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(this::closeByFin);
    } else if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, -1);
      channel.close();
    }
  }

  /**
   * Closes with RST if {@link ChannelOption#SO_LINGER} is 0 or input is unread, otherwise with FIN.
   */
  public void close() {
    connection.dispose();
  }

  /**
   * Closes the connection of a server that stops, when its client sends nothing more.
   *
   * @param mayClose whether the connection may be closed now; called on its event loop
   */
  public void closeWhenIdle(BooleanSupplier mayClose) {
    channel.eventLoop().execute(() -> connection.addHandlerFirst(new CloseWhenIdle(mayClose)));
  }

  /** Puts the FIN into the stream: Netty reports it as an event, regardless of demand. */
  @ChannelHandler.Sharable
  private static final class EndOfInputHandler extends ChannelInboundHandlerAdapter {

    static final EndOfInputHandler INSTANCE = new EndOfInputHandler();

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      boolean reset = !context.channel().isOpen(); // NIO reports a reset as well.
      if (event == ChannelInputShutdownReadComplete.INSTANCE && !reset) {
        context.fireChannelRead(END_OF_INPUT);
        context.fireChannelReadComplete();
      } else {
        context.fireUserEventTriggered(event);
      }
    }

    /**
     * Closes the connection at a reset. Reactor Netty would log the reset with its stack trace if
     * the input has no subscriber.
     */
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the result of close()
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
      if (failure instanceof IOException) {
        context.close();
      } else {
        context.fireExceptionCaught(failure);
      }
    }
  }
}
