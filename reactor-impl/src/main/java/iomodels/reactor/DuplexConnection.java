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
 * A TCP connection whose two directions end separately: a FIN completes {@link #input}, and {@link
 * #shutdownOutput} sends one. Reactor Netty has no half-closed connections (<a
 * href="https://github.com/reactor/reactor-netty/issues/35">reactor-netty#35</a>), so all that goes
 * below its API, to Netty's channel and pipeline, is in this class.
 *
 * <p>A server or client needs {@link #install} as its {@code doOnChannelInit}, and {@link
 * ChannelOption#ALLOW_HALF_CLOSURE}. Otherwise Netty closes the connection at the FIN, and replies
 * that are not sent yet are lost. Without the two, {@code input} fails at the end.
 *
 * <p>Thread: any, unless a method says otherwise. The publishers do nothing until they are
 * subscribed to.
 */
public record DuplexConnection(Connection connection, Channel channel) {

  /** The place of the FIN in the input. Not an empty buffer, which Reactor Netty drops. */
  private static final Object END_OF_INPUT = new Object();

  /**
   * A connection, and its channel: after the end of its streams a {@code Connection} of Reactor
   * Netty has another channel, which throws.
   */
  public DuplexConnection(Connection connection) {
    this(connection, connection.channel());
  }

  /** Adds what puts the end of input into the stream. */
  public static void install(
      ConnectionObserver observer, Channel channel, @Nullable SocketAddress remoteAddress) {
    channel.pipeline().addFirst(EndOfInputHandler.INSTANCE);
  }

  public NettyOutbound outbound() {
    return connection.outbound();
  }

  /**
   * What the peer sends. Completes at its FIN, and fails if the connection is closed or reset
   * before. Without demand at most one message is read ahead, and TCP flow control holds the peer
   * back. The stream releases a buffer when {@code onNext} returns.
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

  /** Never completes, and fails when the connection is closed, by whichever side. */
  public Mono<Void> closed() {
    return connection.onDispose().then(Mono.error(DuplexConnection::closedEarly));
  }

  private static IOException closedEarly() {
    return new IOException("the connection was closed before its end");
  }

  /** Sends FIN, after all that was written before. The input goes on. */
  public Mono<Void> shutdownOutput() {
    return FutureMono.deferFuture(((DuplexChannel) channel)::shutdownOutput);
  }

  /**
   * Sends FIN, drops what still comes, and completes at the peer's FIN. To close with input unread
   * would send RST, which destroys the last reply on its way. Call it only after the subscription
   * to {@link #input} has ended.
   */
  public Mono<Void> finish() {
    return Mono.defer(
        () -> {
          if (((DuplexChannel) channel).isInputShutdown()) {
            return Mono.empty();
          }
          channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false); // FIN closes it.
          channel.config().setAutoRead(true); // Reactor Netty drops what no one subscribes to.
          return shutdownOutput().then(connection.onDispose());
        });
  }

  /**
   * Closes by FIN, also where {@link ChannelOption#SO_LINGER} is 0. On the channel's event loop,
   * because the descriptor of a closed channel may belong to another one already.
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

  /** Closes: by RST if {@link ChannelOption#SO_LINGER} is 0 or input is unread, else by FIN. */
  public void close() {
    connection.dispose();
  }

  /**
   * Closes the connection when its client sends nothing more. For the stop.
   *
   * @param mayClose whether it may be closed now; called on its event loop
   */
  public void closeWhenIdle(BooleanSupplier mayClose) {
    channel.eventLoop().execute(() -> connection.addHandlerFirst(new CloseWhenIdle(mayClose)));
  }

  /** Netty reports a FIN beside the stream, as an event, whether or not there is demand. */
  @ChannelHandler.Sharable
  private static final class EndOfInputHandler extends ChannelInboundHandlerAdapter {

    static final EndOfInputHandler INSTANCE = new EndOfInputHandler();

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      boolean reset = !context.channel().isOpen(); // Netty reports it then as well, on NIO.
      if (event == ChannelInputShutdownReadComplete.INSTANCE && !reset) {
        context.fireChannelRead(END_OF_INPUT);
        context.fireChannelReadComplete();
      } else {
        context.fireUserEventTriggered(event);
      }
    }

    /**
     * A reset closes the connection. Reactor Netty would log it with its stack trace while nothing
     * subscribes to the input.
     */
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // of closing
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
      if (failure instanceof IOException) {
        context.close();
      } else {
        context.fireExceptionCaught(failure);
      }
    }
  }
}
