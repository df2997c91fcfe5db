package iomodels.vertx;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ServerChannel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Controls how the listening channel accepts, for which neither Vert.x nor Netty has an option. It
 * is the first handler of that channel, and runs on the loop that accepts.
 *
 * <ul>
 *   <li>Back-pressure: it pauses while {@link #MAX_PENDING} accepted connections wait for their
 *       event loop. Otherwise the loop that only accepts outruns busy ones, and each connection
 *       that waits costs a descriptor and memory.
 *   <li>Out of descriptors: it pauses until a connection is closed, or for {@link #RETRY_MILLIS}.
 *       Netty ({@code ServerBootstrapAcceptor.exceptionCaught}) always pauses for a second, and
 *       then accepts as few as have been closed meanwhile.
 *   <li>Stop: it accepts the connections that are complete already, and then closes. The kernel
 *       resets those that are left when the listening socket is closed.
 * </ul>
 */
@ChannelHandler.Sharable // Vert.x makes another channel where the first could not be bound.
final class Acceptor extends ChannelDuplexHandler {

  private static final int MAX_PENDING = 32;
  private static final long RETRY_MILLIS = 100;
  private static final long QUIET_MILLIS = 3;

  /** Failures that follow each other within that time are one streak, which is told of once. */
  private static final long STREAK_NANOS = Duration.ofSeconds(10).toNanos();

  /** Accepted connections that their event loop has not yet registered. */
  private final AtomicInteger pending = new AtomicInteger();

  private volatile @Nullable Channel listening;
  private volatile boolean exhausted;
  private boolean crowded;
  private boolean hasFailed;
  private long lastFailure;

  /** Connections accepted since the stop began, and when it was last looked at. */
  private int accepted;

  private int acceptedBefore;

  /** Adds itself to the listening channel of a server. */
  <C extends ServerChannel> C control(C channel) {
    channel.pipeline().addFirst(this);
    listening = channel;
    return channel;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Channel connection = (Channel) message;
    accepted++;
    context.fireChannelRead(connection); // Registers it with its event loop.
    if (!connection.isOpen()) {
      return;
    }
    if (pending.incrementAndGet() >= MAX_PENDING) {
      crowded = true;
      update(context.channel());
    }
    connection.eventLoop().execute(() -> registered(context));
    connection.closeFuture().addListener(_ -> closed(context));
  }

  private void registered(ChannelHandlerContext context) {
    if (pending.decrementAndGet() == MAX_PENDING / 2) {
      context
          .executor()
          .execute(
              () -> {
                crowded = false;
                update(context.channel());
              });
    }
  }

  private void closed(ChannelHandlerContext context) {
    if (exhausted) {
      context.executor().execute(() -> retry(context.channel()));
    }
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // a timer, which nobody cancels
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException)) {
      context.fireExceptionCaught(cause);
      return;
    }
    warn(cause);
    boolean first = !exhausted;
    exhausted = true;
    update(context.channel());
    if (first) {
      context
          .executor()
          .schedule(() -> retry(context.channel()), RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void warn(Throwable cause) {
    long now = System.nanoTime();
    if (!hasFailed || now - lastFailure > STREAK_NANOS) {
      System.getLogger(Acceptor.class.getName())
          .log(System.Logger.Level.WARNING, "Clients are not accepted for now: " + cause);
    }
    hasFailed = true;
    lastFailure = now;
  }

  private void retry(Channel channel) {
    exhausted = false;
    update(channel);
  }

  private void update(Channel channel) {
    channel.config().setAutoRead(!crowded && !exhausted);
  }

  /**
   * Accepts what waits in the backlog, and closes the listening socket; complete when it is closed,
   * and every accepted connection is registered, or when patience is at an end.
   *
   * @param backlog as many can wait at most; more come only while it is closing
   * @param patience how long this may take: if an event loop is stuck, its connections wait for it
   */
  @SuppressWarnings("FutureReturnValueIgnored") // the event loop's
  Future<Void> stop(int backlog, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    Channel channel = listening;
    Promise<Void> stopped = Promise.promise();
    if (channel == null || !channel.isRegistered()) {
      return Future.succeededFuture();
    }
    channel.closeFuture().addListener(_ -> completeWhenRegistered(channel, stopped, deadline));
    channel
        .eventLoop()
        .execute(
            () -> {
              accepted = 0;
              acceptedBefore = -1;
              closeWhenQuiet(channel, backlog, deadline);
            });
    return stopped.future();
  }

  /** Between two calls the loop looks for connections at least once. */
  @SuppressWarnings("FutureReturnValueIgnored")
  private void closeWhenQuiet(Channel channel, int backlog, long deadline) {
    boolean quiet = accepted == acceptedBefore && !crowded; // Paused, it looks for none.
    if (quiet || exhausted || accepted > backlog || isOver(deadline)) {
      channel.close();
      return;
    }
    acceptedBefore = crowded ? -1 : accepted;
    channel
        .eventLoop()
        .schedule(
            () -> closeWhenQuiet(channel, backlog, deadline), QUIET_MILLIS, TimeUnit.MILLISECONDS);
  }

  @SuppressWarnings("FutureReturnValueIgnored")
  private void completeWhenRegistered(Channel channel, Promise<Void> stopped, long deadline) {
    if (pending.get() == 0 || isOver(deadline)) {
      stopped.complete();
      return;
    }
    channel
        .eventLoop()
        .schedule(
            () -> completeWhenRegistered(channel, stopped, deadline),
            QUIET_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  private static boolean isOver(long deadline) {
    return System.nanoTime() - deadline >= 0;
  }
}
