package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.group.ChannelGroup;
import java.io.IOException;
import java.time.Duration;

/**
 * Two things that Netty's acceptors ({@code ServerBootstrapAcceptor}, and Reactor Netty's) do not
 * do. It stands before them in the pipeline of the listening channel.
 *
 * <ul>
 *   <li>At the stop it accepts the connections that wait in the kernel's queue, and then closes the
 *       listener: the kernel resets those that are still in the queue of a listener that is closed,
 *       although their clients have connected and sent.
 *   <li>Out of file descriptors, it accepts again as soon as a connection has closed. Netty waits
 *       for a second, in which it could have emptied the queue of clients that have gone.
 * </ul>
 *
 * <p>It puts each connection into the group when it is accepted. The connection itself would do so
 * only once it is registered with its event loop: too late for a stop that looks at the group in
 * between.
 */
final class AcceptQueue extends ChannelInboundHandlerAdapter {

  /** Failures that follow each other within that time are one streak, which is told of once. */
  private static final long STREAK_NANOS = Duration.ofSeconds(10).toNanos();

  /** How long accepting pauses when no connection closes: others take descriptors as well. */
  private static final int PAUSE_MILLIS = 100;

  private final ChannelGroup connections;
  private final int backlog;

  // These are the listener's event loop's.
  private int acceptedSinceCheck;
  private int acceptedInAll;
  private boolean hasFailed;
  private long lastFailure;

  /**
   * @param connections where accepted connections are put
   * @param backlog the length of the kernel's queue
   */
  AcceptQueue(ChannelGroup connections, int backlog) {
    this.connections = connections;
    this.backlog = backlog;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object child) {
    acceptedSinceCheck++;
    Channel connection = (Channel) child;
    connections.add(connection);
    connection.closeFuture().addListener(_ -> resume(context.channel()));
    context.fireChannelRead(child);
  }

  /** Accepting has failed: not passed on, since Netty's acceptor would pause for a second. */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    if (!(failure instanceof IOException)) {
      context.fireExceptionCaught(failure);
      return;
    }
    warn(failure);
    Channel listener = context.channel();
    if (listener.config().isAutoRead()) { // else it fails a second time, and has its timer
      listener.config().setAutoRead(false);
      var _ = listener.eventLoop().schedule(() -> resume(listener), PAUSE_MILLIS, MILLISECONDS);
    }
  }

  private void warn(Throwable failure) {
    long now = System.nanoTime();
    if (!hasFailed || now - lastFailure > STREAK_NANOS) {
      System.getLogger(AcceptQueue.class.getName())
          .log(System.Logger.Level.WARNING, "Clients are not accepted for now: " + failure);
    }
    hasFailed = true;
    lastFailure = now;
  }

  private static void resume(Channel listener) {
    if (listener.isActive()) {
      listener.config().setAutoRead(true);
    }
  }

  /**
   * Accepts what is in the queue, and closes the listener. Returns when it is closed: no connection
   * is added to the group after that.
   *
   * @param patience how long this may take: while there are no descriptors, the queue stays
   * @return what is left of that
   */
  Duration close(Channel listener, Duration patience) {
    long start = System.nanoTime();
    closeWhenEmpty(listener);
    if (!listener.closeFuture().awaitUninterruptibly(patience.toMillis())) {
      listener.close().awaitUninterruptibly(Loops.LIMIT.toMillis());
    }
    Duration left = patience.minusNanos(System.nanoTime() - start);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** The same, but returns at once. */
  void closeWhenEmpty(Channel listener) {
    listener
        .eventLoop()
        .execute(
            () -> {
              acceptedInAll = 0;
              acceptedSinceCheck = 0; // Until now nobody has looked: it is all since the start.
              closeAfterCheck(listener);
            });
  }

  /** An event loop looks for I/O before it runs what was scheduled, so a check follows a look. */
  private void closeAfterCheck(Channel listener) {
    acceptedInAll += acceptedSinceCheck;
    acceptedSinceCheck = 0;
    var _ = listener.eventLoop().schedule(() -> closeIfEmpty(listener), 1, MILLISECONDS);
  }

  private void closeIfEmpty(Channel listener) {
    boolean paused = !listener.config().isAutoRead();
    boolean more = acceptedSinceCheck > 0 && acceptedInAll <= backlog;
    if (paused || more) {
      closeAfterCheck(listener);
    } else {
      var _ = listener.close();
    }
  }
}
