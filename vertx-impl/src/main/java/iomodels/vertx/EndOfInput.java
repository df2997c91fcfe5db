package iomodels.vertx;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.vertx.core.internal.net.NetSocketInternal;

/**
 * Stands between Netty and Vert.x, which has no option for half-closed connections.
 *
 * <p>It puts the peer's FIN, of which Netty tells beside the stream, into the stream, as an empty
 * buffer: there it is in order, and waits its turn while the socket is paused. And it copies what
 * was received out of Netty's pool, as Vert.x would do, but later, and not at all for what comes to
 * a paused socket that is then reset: that memory would be lost ({@code VertxConnection.pending}).
 */
final class EndOfInput extends ChannelInboundHandlerAdapter {

  private boolean seen;

  /** Has a socket stay open for the other direction when its peer has finished. */
  static EndOfInput follow(NetSocketInternal socket) {
    ChannelHandlerContext context = socket.channelHandlerContext();
    context
        .channel()
        .config()
        .setAllocator(PooledByteBufAllocator.DEFAULT)
        .setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    EndOfInput end = new EndOfInput();
    context.pipeline().addBefore(context.name(), "end-of-input", end);
    return end;
  }

  /** Whether it has come, whoever still listens; on the event loop. */
  boolean isSeen() {
    return seen;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf pooled = (ByteBuf) message;
    try {
      context.fireChannelRead(Unpooled.copiedBuffer(pooled));
    } finally {
      pooled.release();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownReadComplete.INSTANCE) {
      seen = true;
      context.fireChannelRead(Unpooled.EMPTY_BUFFER);
      // Without this, Vert.x would not flush what is said in answer.
      context.fireChannelReadComplete();
    } else {
      context.fireUserEventTriggered(event);
    }
  }
}
