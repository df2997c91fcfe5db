package iomodels.reactor.programs;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection if the head of a request is not complete in time, counted from its first
 * byte. Reactor Netty has time limits for silence and for content alone. The first handler of the
 * pipeline, which sees the bytes before they are decoded. Confined to the event loop.
 */
final class HeadDeadline extends ChannelInboundHandlerAdapter {

  private final Duration limit;

  /** Whether a request is being answered; what arrives meanwhile may be its content. */
  private boolean answering;

  private @Nullable Future<?> timer;

  HeadDeadline(Duration limit) {
    this.limit = limit;
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // The close future reports failures.
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!answering && timer == null) {
      Runnable end = () -> context.close();
      timer = context.executor().schedule(end, limit.toMillis(), TimeUnit.MILLISECONDS);
    }
    context.fireChannelRead(message);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    cancel();
    context.fireChannelInactive();
  }

  /** Called when the head of a request is complete. */
  static void pause(Channel channel) {
    HeadDeadline deadline = channel.pipeline().get(HeadDeadline.class);
    if (deadline != null) {
      deadline.answering = true;
      deadline.cancel();
    }
  }

  /** Called when a response has ended; by any thread. */
  static void resume(Channel channel) {
    channel.eventLoop().execute(() -> await(channel));
  }

  private static void await(Channel channel) {
    HeadDeadline deadline = channel.pipeline().get(HeadDeadline.class);
    if (deadline != null) {
      deadline.answering = false;
      channel.read(); // Or it stalls after pipelined requests: reactor-netty#4361.
    }
  }

  private void cancel() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
