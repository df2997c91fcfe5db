package iomodels.reactor;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.io.IOException;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Puts the peer's FIN into the stream of what was received, where it is in order, and waits for
 * demand; Netty tells of it beside the stream. It is a mark, because Reactor Netty drops empty
 * buffers.
 */
final class EndOfInput extends ChannelInboundHandlerAdapter {

  static final Object MARK = new Object();

  private final Sinks.Empty<Void> seen = Sinks.empty();

  /** Completes at the FIN, whether or not anyone still listens to the stream. */
  Mono<Void> seen() {
    return seen.asMono();
  }

  /**
   * A reset closes the connection. Passed on, it would be logged with its stack trace where nobody
   * reads just then.
   */
  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // when Netty has closed, no one is left to tell
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    if (failure instanceof IOException) {
      context.close();
    } else {
      context.fireExceptionCaught(failure);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownReadComplete.INSTANCE) {
      seen.tryEmitEmpty();
      context.fireChannelRead(MARK);
      context.fireChannelReadComplete();
    } else {
      context.fireUserEventTriggered(event);
    }
  }
}
