package iomodels.reactor.programs;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches when a connection is between two requests. It closes a connection on which the head of a
 * request is not complete in time, counted from its first byte: Reactor Netty has time limits for
 * silence and for content alone. And it closes the connections of a server that stops, each when
 * its answer is complete.
 *
 * <p>It is the first handler of the pipeline, which sees the bytes before they are decoded. The
 * state is confined to the event loop; the static methods may be called by any thread.
 */
final class HttpTurns extends ChannelInboundHandlerAdapter {

  private final Duration limit;

  /** Whether a request is being answered; what arrives meanwhile may be its content. */
  private boolean answering;

  private boolean stopping;

  /** The time limit of the head that is arriving. */
  private @Nullable Future<?> timer;

  HttpTurns(Duration limit) {
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

  /** Called when the head of a request is complete, on the event loop. */
  static void begin(Channel channel) {
    of(channel)
        .ifPresent(
            it -> {
              it.answering = true;
              it.cancel();
            });
  }

  /** Called when the answer is complete, and has been passed to the channel. */
  static void end(Channel channel) {
    inLoop(
        channel,
        it -> {
          it.answering = false;
          channel.read(); // Or it stalls after pipelined requests: reactor-netty#4361.
          it.closeIfIdle(channel);
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
    if (stopping && !answering && timer == null) {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private static void inLoop(Channel channel, Consumer<HttpTurns> action) {
    channel.eventLoop().execute(() -> of(channel).ifPresent(action));
  }

  private static Optional<HttpTurns> of(Channel channel) {
    return Optional.ofNullable(channel.pipeline().get(HttpTurns.class));
  }

  private void cancel() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
