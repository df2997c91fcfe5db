package iomodels.reactor.programs;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Tracks whether a connection is between two requests, so that a server that stops can close it
 * when its answer is complete.
 *
 * <p>It is the first handler of the pipeline, which sees the bytes before they are decoded. The
 * state is confined to the event loop; the static methods may be called by any thread.
 */
final class RequestTracker extends ChannelInboundHandlerAdapter {

  /** How many requests have begun. */
  private long begun;

  /** Whether the latest of them is being answered; what arrives meanwhile may be its content. */
  private boolean answering;

  /** Whether a part of the next one has arrived. */
  private boolean arriving;

  private boolean stopping;

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    arriving |= !answering;
    context.fireChannelRead(message);
  }

  /**
   * Called when the head of a request is complete, on the event loop.
   *
   * @return the number of the request, for {@link #end}
   */
  static long begin(Channel channel) {
    return of(channel).map(RequestTracker::begin).orElse(0L);
  }

  private long begin() {
    answering = true;
    arriving = false;
    return ++begun;
  }

  /**
   * Called when the answer to a request is complete, and has been passed to the channel. The next
   * request, if it is pipelined, may have begun before.
   */
  static void end(Channel channel, long number) {
    inLoop(
        channel,
        it -> {
          if (it.begun == number) {
            it.answering = false;
            channel.read(); // Or it stalls after pipelined requests: reactor-netty#4361.
            it.closeIfIdle(channel);
          }
        });
  }

  /** Called when the server stops. */
  static void stop(Channel channel) {
    inLoop(
        channel,
        it -> {
          it.stopping = true;
          it.closeIfIdle(channel);
        });
  }

  /** Closes after everything that has been passed to the channel. */
  @SuppressWarnings("FutureReturnValueIgnored") // The close future reports failures.
  private void closeIfIdle(Channel channel) {
    if (stopping && !answering && !arriving) {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private static void inLoop(Channel channel, Consumer<RequestTracker> action) {
    channel.eventLoop().execute(() -> of(channel).ifPresent(action));
  }

  private static Optional<RequestTracker> of(Channel channel) {
    return Optional.ofNullable(channel.pipeline().get(RequestTracker.class));
  }
}
