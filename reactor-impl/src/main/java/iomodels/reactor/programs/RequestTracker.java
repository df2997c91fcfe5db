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
 * Tracks whether a connection is between two requests. It closes a connection on which the head of
 * a request is not complete in time, counted from its first byte, or from the end of the answer
 * before it: Reactor Netty has time limits for silence and for content alone. And it closes the
 * connections of a server that stops, each when its answer is complete.
 *
 * <p>It is the first handler of the pipeline, which sees the bytes before they are decoded. The
 * state is confined to the event loop; the static methods may be called by any thread.
 */
final class RequestTracker extends ChannelInboundHandlerAdapter {

  private final Duration limit;

  /** How many requests have begun. */
  private long begun;

  /** Whether the latest of them is being answered; what arrives meanwhile may be its content. */
  private boolean answering;

  /** Whether a part of the next one has arrived. */
  private boolean arriving;

  private boolean stopping;

  /** Whether the time of the next head runs, and since when. */
  private boolean isTimed;

  private long since;

  /**
   * One timer serves many requests: when it fires, it looks at the time. To schedule and to cancel
   * one for each request would cost a good part of the time of a short one.
   */
  private @Nullable Future<?> timer;

  RequestTracker(Duration limit) {
    this.limit = limit;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!answering) {
      arriving = true;
      limit(context.channel());
    }
    context.fireChannelRead(message);
  }

  private void limit(Channel channel) {
    if (!isTimed) {
      isTimed = true;
      since = System.nanoTime();
      if (timer == null) {
        schedule(channel, limit.toNanos());
      }
    }
  }

  private void schedule(Channel channel, long nanos) {
    timer = channel.eventLoop().schedule(() -> check(channel), nanos, TimeUnit.NANOSECONDS);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // The close future reports failures.
  private void check(Channel channel) {
    timer = null;
    if (isTimed) {
      long left = limit.toNanos() - (System.nanoTime() - since);
      if (left > 0) {
        schedule(channel, left);
      } else {
        channel.close();
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    isTimed = false;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    context.fireChannelInactive();
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
    isTimed = false;
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
            it.limit(channel); // A part of the next head may have arrived already.
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
