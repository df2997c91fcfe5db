package iomodels.netty;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.util.Map;

/**
 * Answers an HTTP client that has sent FIN, which both frameworks would disconnect. It keeps the
 * output open until every request that was received in full has been answered, and then closes the
 * connection. A request whose content is cut off by FIN is not answered.
 *
 * <p>It also shows the framework {@code Connection: close} where it is one of several options:
 * Vert.x compares the whole value.
 *
 * <p>Thread: {@link #install} must be called before the connection reads; the handlers run on the
 * event loop of the connection.
 */
public final class HalfClosedHttp {

  private HalfClosedHttp() {}

  /** Prepares a connection that the server has accepted. */
  public static void install(Channel connection) {
    connection.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    connection.pipeline().addFirst(new Installer());
  }

  /** Adds {@link Exchanges} behind Netty's codec, which the framework adds later than this. */
  private static final class Installer extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ChannelPipeline pipeline = context.pipeline();
      String last = "";
      for (Map.Entry<String, ChannelHandler> each : pipeline) {
        if (isCodec(each.getValue())) {
          last = each.getKey();
        }
      }
      pipeline.addAfter(last, null, new Exchanges());
      context.fireChannelRead(message);
      pipeline.remove(this);
    }

    private static boolean isCodec(ChannelHandler handler) {
      return handler instanceof HttpServerCodec
          || handler instanceof HttpRequestDecoder
          || handler instanceof HttpResponseEncoder;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (isFin(event)) {
        closeAfterWrites(context.channel()); // Nothing has been received.
      } else {
        context.fireUserEventTriggered(event);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
      context.fireExceptionCaught(failure);
      closeAfterReset(context.channel(), failure);
    }
  }

  /** Counts the requests and the responses of a connection. */
  private static final class Exchanges extends ChannelDuplexHandler {

    /** How many requests have begun to arrive and are not answered. */
    private int open;

    /** Whether the content of the last request is incomplete. */
    private boolean receiving;

    private boolean endOfInput;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof HttpRequest request) {
        if (!HttpUtil.isKeepAlive(request)) {
          request.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        open++;
        receiving = true;
      }
      if (message instanceof LastHttpContent) {
        receiving = false;
      }
      context.fireChannelRead(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      context.fireUserEventTriggered(event);
      if (isFin(event)) {
        endOfInput = true;
        closeIfAnswered(context.channel());
      }
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // The promise is the framework's.
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      boolean isInterim =
          message instanceof HttpResponse response
              && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      context.write(message, promise);
      if (message instanceof LastHttpContent && !isInterim) {
        open--;
        closeIfAnswered(context.channel());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
      context.fireExceptionCaught(failure);
      closeAfterReset(context.channel(), failure);
    }

    private void closeIfAnswered(Channel channel) {
      if (endOfInput && open <= (receiving ? 1 : 0)) {
        closeAfterWrites(channel);
      }
    }
  }

  /** Netty has an event for the first read that finds FIN, and another one for the second. */
  private static boolean isFin(Object event) {
    return event == ChannelInputShutdownEvent.INSTANCE
        || event == ChannelInputShutdownReadComplete.INSTANCE;
  }

  /** Closes after everything that has been passed to the channel. */
  @SuppressWarnings("FutureReturnValueIgnored") // The close future reports failures.
  private static void closeAfterWrites(Channel channel) {
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** Closes a connection that its client has reset: Netty takes the reset for the end of input. */
  @SuppressWarnings("FutureReturnValueIgnored") // The close future reports failures.
  private static void closeAfterReset(Channel channel, Throwable failure) {
    if (failure instanceof IOException) {
      channel.close();
    }
  }
}
