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
 * Controls how a listening channel accepts connections. It is the first handler of the channel's
 * pipeline. Neither Netty nor the two frameworks have options for these cases:
 *
 * <ul>
 *   <li><b>Back-pressure.</b> Accepting pauses while 32 accepted connections wait for registration
 *       with their event loops. Otherwise the accepting loop outpaces busy event loops, and each
 *       waiting connection costs a descriptor and memory.
 *   <li><b>Out of file descriptors.</b> Accepting pauses until an accepted connection is closed, or
 *       for 100 ms, since other parts of the process use descriptors as well. Netty ({@code
 *       ServerBootstrapAcceptor.exceptionCaught}; <a
 *       href="https://github.com/netty/netty/issues/1328">netty#1328</a>) always pauses for a
 *       second. Consecutive failures are logged once.
 *   <li><b>Stop.</b> {@link #stop} accepts the established connections in the kernel's accept
 *       queue, and then closes the channel. When a listening socket is closed, the kernel resets
 *       the connections in its queue, although their clients have connected and may have sent
 *       requests.
 * </ul>
 *
 * <p>Thread: the handler runs on the event loop of the listening channel; {@link #install} and
 * {@link #stop} may be called by any thread. Each server has its own acceptor. If the server could
 * not bind its first channel and creates another one, the acceptor can be installed again; it then
 * controls the last channel.
 */
@ChannelHandler.Sharable
public final class Acceptor extends ChannelInboundHandlerAdapter {

  /** What a stop does with waiting connections while no file descriptor is free. */
  public enum WhenExhausted {
    /** Closes at once. For a server that ends its connections only after the stop. */
    CLOSE,
    /** Waits for a descriptor until the timeout. For a server whose connections end meanwhile. */
    WAIT
  }

  private static final int MAX_PENDING = 32;
  private static final long RETRY_MILLIS = 100;
  private static final long CHECK_MILLIS = 3;

  /** If the time between failures is shorter than this, only the first is logged. */
  private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();

  private final Consumer<? super Channel> onAccepted;

  /** The number of accepted connections that their event loops have not registered yet. */
  private final AtomicInteger pending = new AtomicInteger();

  private volatile @Nullable Channel listener;
  private volatile boolean exhausted;

  /** Set when a stop has closed the listener; completes when no connection is pending. */
  private volatile @Nullable CompletableFuture<Void> closed;

  // The following fields are confined to the event loop of the listener.
  private boolean tooManyPending;
  private boolean hasFailed;
  private long lastFailure;

  /** The number of connections accepted since the stop began. */
  private int accepted;

  /** The value of {@code accepted} at the last check. */
  private int acceptedBefore;

  /** Creates an acceptor that passes accepted connections on to the framework. */
  public Acceptor() {
    this(_ -> {});
  }

  /**
   * Creates an acceptor that passes each connection to the server before the framework gets it.
   *
   * @param onAccepted called on the listener's event loop, in the order of accepting, until the
   *     stop is complete; the connection is not registered with an event loop yet
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

  /** Handles a failed accept. Does not pass it on: Netty's acceptor would pause for a second. */
  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // a timer that is never cancelled
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    if (!(failure instanceof IOException)) {
      context.fireExceptionCaught(failure);
      return;
    }
    warn(failure);
    boolean first = !exhausted; // Otherwise the timer is already set.
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
   * once. Must be called only once.
   *
   * @param backlog the length of the queue: the channel is closed after this number of connections,
   *     since clients can connect as long as it is open
   * @param timeout how long this may take; an event loop may be blocked, and its connections with
   *     it
   * @param whenExhausted what to do while no file descriptor is free
   * @return completes, on an event loop, when the channel is closed and each accepted connection is
   *     registered with its event loop, at the latest after the timeout. It never completes
   *     exceptionally. It does not complete while the listener's event loop is blocked: the caller
   *     needs its own timeout
   */
  @SuppressWarnings("FutureReturnValueIgnored") // of close(): the close future reports the same
  public CompletableFuture<Void> stop(int backlog, Duration timeout, WhenExhausted whenExhausted) {
    Channel channel = listener;
    if (channel == null || !channel.isRegistered()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    channel
        .closeFuture()
        .addListener(
            _ -> {
              closed = stopped; // From now on pending connections are only registered.
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
            timeout.toNanos(),
            TimeUnit.NANOSECONDS);
    return stopped;
  }

  /**
   * Closes the channel if no connection has been accepted since the last check. An event loop
   * handles I/O before it runs scheduled tasks, so it has tried to accept in between, unless
   * accepting was paused.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // of close() and of a timer
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
