package iomodels.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Controls how a listening channel accepts connections: the first handler of its pipeline. Neither
 * Netty nor the two frameworks have options for it.
 *
 * <ul>
 *   <li><b>Back-pressure.</b> Accepting pauses while 32 accepted connections wait until their event
 *       loop has registered them. Otherwise an accepting loop outruns busy ones, and each waiting
 *       connection costs a descriptor and memory.
 *   <li><b>Out of file descriptors.</b> Accepting pauses until an accepted connection is closed, or
 *       for 100 ms: other parts of the process use descriptors as well. Netty ({@code
 *       ServerBootstrapAcceptor.exceptionCaught}; <a
 *       href="https://github.com/netty/netty/issues/1328">netty#1328</a>) always pauses for a
 *       second. Failures in a row are logged once.
 *   <li><b>Stop.</b> {@link #stop} accepts the connections that are complete in the kernel's queue,
 *       and then closes the channel. The kernel resets connections that are still in the queue of a
 *       socket that is closed, although their clients have connected and sent.
 * </ul>
 *
 * <p>Thread: the handler runs on the event loop of the listening channel; {@link #install} and
 * {@link #stop} may be called by any thread. One acceptor serves one server. It can be installed
 * again if the server makes another channel, because it could not bind the first; the last one
 * counts.
 */
@ChannelHandler.Sharable
public final class Acceptor extends ChannelInboundHandlerAdapter {

  /** What a stop does while no file descriptor is free to accept the waiting connections with. */
  public enum WhenExhausted {
    /** Closes at once. For a server that tells its connections to end only after the stop. */
    CLOSE,
    /** Waits for a descriptor within the limit. For a server whose connections end meanwhile. */
    WAIT
  }

  private static final int MAX_PENDING = 32;
  private static final long RETRY_MILLIS = 100;
  private static final long CHECK_MILLIS = 3;

  /** Failures with a shorter time between them are logged once. */
  private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();

  private final Consumer<? super Channel> onAccepted;

  /** Accepted connections that their event loop has not yet registered. */
  private final AtomicInteger pending = new AtomicInteger();

  private volatile @Nullable Channel listener;
  private volatile boolean exhausted;

  /** Set once the listener is closed by a stop: completes when no connection is pending. */
  private volatile @Nullable CompletableFuture<Void> closed;

  // The rest is used by the event loop of the listener only.
  private boolean tooManyPending;
  private boolean hasFailed;
  private long lastFailure;

  /** Connections accepted since the stop began, and how many there were at the last check. */
  private int accepted;

  private int acceptedBefore;

  /** An acceptor that does nothing else with accepted connections. */
  public Acceptor() {
    this(_ -> {});
  }

  /**
   * An acceptor that shows each connection to the server before the framework gets it.
   *
   * @param onAccepted called on the listener's event loop, in the order of accepting; the
   *     connection has no event loop yet. After the stop it is not called any more
   */
  public Acceptor(Consumer<? super Channel> onAccepted) {
    this.onAccepted = onAccepted;
  }

  /**
   * Puts the acceptor at the head of the pipeline of a listening channel.
   *
   * @return the channel
   */
  public <C extends Channel> C install(C channel) {
    channel.pipeline().addFirst(this);
    listener = channel;
    return channel;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Channel connection = (Channel) message;
    accepted++;
    onAccepted.accept(connection);
    context.fireChannelRead(connection); // Registers it with its event loop.
    if (!connection.isOpen()) {
      return;
    }
    if (pending.incrementAndGet() >= MAX_PENDING) {
      tooManyPending = true;
      updateAutoRead(context.channel());
    }
    connection.eventLoop().execute(() -> registered(context));
    connection.closeFuture().addListener(_ -> resumeIfExhausted(context));
  }

  private void registered(ChannelHandlerContext context) {
    if (pending.decrementAndGet() == MAX_PENDING / 2) {
      context
          .executor()
          .execute(
              () -> {
                tooManyPending = false;
                updateAutoRead(context.channel());
              });
    }
    completeIfRegistered();
  }

  private void completeIfRegistered() {
    CompletableFuture<Void> stopped = closed;
    if (stopped != null && pending.get() == 0) {
      stopped.complete(null);
    }
  }

  private void resumeIfExhausted(ChannelHandlerContext context) {
    if (exhausted) {
      context.executor().execute(() -> retry(context.channel()));
    }
  }

  /** Accepting has failed. Not passed on, since Netty's acceptor would pause for a second. */
  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // a timer that is never cancelled
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    if (!(failure instanceof IOException)) {
      context.fireExceptionCaught(failure);
      return;
    }
    warn(failure);
    boolean first = !exhausted; // Otherwise the timer is set already.
    exhausted = true;
    updateAutoRead(context.channel());
    if (first) {
      context
          .executor()
          .schedule(() -> retry(context.channel()), RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void warn(Throwable failure) {
    long now = System.nanoTime();
    if (!hasFailed || now - lastFailure > QUIET_NANOS) {
      System.getLogger(Acceptor.class.getName())
          .log(System.Logger.Level.WARNING, "Accepting is paused: " + failure);
    }
    hasFailed = true;
    lastFailure = now;
  }

  private void retry(Channel channel) {
    exhausted = false;
    updateAutoRead(channel);
  }

  private boolean isPaused() {
    return tooManyPending || exhausted;
  }

  private void updateAutoRead(Channel channel) {
    if (channel.isActive()) {
      channel.config().setAutoRead(!isPaused());
    }
  }

  /**
   * Accepts the connections in the kernel's queue, and closes the listening channel. Returns at
   * once. To be called once.
   *
   * @param backlog the length of the queue: after that many the channel is closed, since more
   *     clients can connect as long as it is open
   * @param patience how long this may take; an event loop may be stuck, and its connections with it
   * @param whenExhausted what to do while no file descriptor is free
   * @return completes, on an event loop, when the channel is closed and each accepted connection is
   *     registered with its event loop; at the latest when patience is over and the channel is
   *     closed. It never fails. While the listener's event loop is stuck it does not complete: the
   *     caller needs a limit of its own
   */
  @SuppressWarnings("FutureReturnValueIgnored") // of closing, which the close future tells as well
  public CompletableFuture<Void> stop(int backlog, Duration patience, WhenExhausted whenExhausted) {
    Channel channel = listener;
    if (channel == null || !channel.isRegistered()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    channel
        .closeFuture()
        .addListener(
            _ -> {
              closed = stopped; // From now on connections are registered, and none is accepted.
              completeIfRegistered();
            });
    channel
        .eventLoop()
        .execute(
            () -> {
              accepted = 0;
              acceptedBefore = -1;
              closeWhenEmpty(channel, backlog, whenExhausted);
            });
    channel
        .eventLoop()
        .schedule(
            () -> channel.close().addListener(_ -> stopped.complete(null)),
            patience.toNanos(),
            TimeUnit.NANOSECONDS);
    return stopped;
  }

  /**
   * Closes the channel when no connection has been accepted since the last check. An event loop
   * looks for I/O before it runs what is scheduled, so it has tried to accept in between, unless
   * accepting was paused.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // of closing, and a timer
  private void closeWhenEmpty(Channel channel, int backlog, WhenExhausted whenExhausted) {
    if (!channel.isOpen()) {
      return;
    }
    boolean isEmpty = accepted == acceptedBefore && !isPaused();
    boolean givesUp = exhausted && whenExhausted == WhenExhausted.CLOSE;
    if (isEmpty || givesUp || accepted > backlog) {
      channel.close();
      return;
    }
    acceptedBefore = isPaused() ? -1 : accepted;
    channel
        .eventLoop()
        .schedule(
            () -> closeWhenEmpty(channel, backlog, whenExhausted),
            CHECK_MILLIS,
            TimeUnit.MILLISECONDS);
  }
}
