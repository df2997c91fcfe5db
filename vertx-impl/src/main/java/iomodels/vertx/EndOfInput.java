package iomodels.vertx;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;

/**
 * Puts the peer's FIN into the stream, as an empty buffer: there it is in order, and waits its turn
 * while the socket is paused. Netty tells of it beside the stream, and Vert.x, which has no option
 * for half-closed connections, does not listen.
 */
final class EndOfInput extends ChannelInboundHandlerAdapter {

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownReadComplete.INSTANCE) {
      context.fireChannelRead(Unpooled.EMPTY_BUFFER);
      // Without this, Vert.x would not flush what is said in answer.
      context.fireChannelReadComplete();
    } else {
      context.fireUserEventTriggered(event);
    }
  }
}
