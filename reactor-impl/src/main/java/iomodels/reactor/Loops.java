package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import iomodels.netty.Acceptor;
import iomodels.netty.Channels;
import iomodels.netty.EventLoopGroups;
import iomodels.server.Transport;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Hooks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.channel.AbortedException;
import reactor.netty.resources.LoopResources;

/**
 * The event loops of the transport that was chosen, one for each core: left to itself, Reactor
 * Netty takes the first native one that it finds. Without two faults of Netty: {@link
 * EventLoopGroups}, {@link Channels}.
 *
 * <p>The class sets Reactor's hook for dropped errors, which is global to the JVM.
 */
public record Loops(
    Transport transport,
    EventLoopGroup group,
    EventLoopGroup clientGroup,
    Map<EventExecutor, Scheduler> schedulers)
    implements LoopResources {

  /** How long a stop waits for anything that Netty does by itself. */
  public static final Duration LIMIT = Duration.ofSeconds(5);

  private static final long BETWEEN_NOTICES = Duration.ofSeconds(10).toNanos();
  private static final AtomicLong lastShortage =
      new AtomicLong(System.nanoTime() - BETWEEN_NOTICES);

  static {
    Hooks.onErrorDropped(Loops::logDropped);
  }

  /**
   * Logs an error that no subscriber receives, since it came after the cancel. A peer that has gone
   * is no fault. Out of direct memory, every read fails: that is logged once in a while, and the
   * stack traces of Netty are left out.
   */
  private static void logDropped(Throwable failure) {
    System.Logger log = System.getLogger(Loops.class.getName());
    if (failure instanceof IOException || failure instanceof AbortedException) {
      log.log(Level.DEBUG, failure.toString());
    } else if (failure.getCause() instanceof OutOfMemoryError shortage) {
      long now = System.nanoTime();
      long last = lastShortage.get();
      if (now - last >= BETWEEN_NOTICES && lastShortage.compareAndSet(last, now)) {
        log.log(Level.WARNING, "Clients are disconnected: " + shortage.getMessage());
      }
    } else {
      log.log(Level.WARNING, "an error after a cancel", failure);
    }
  }

  public static Loops of(Transport transport) {
    return of(transport, Runtime.getRuntime().availableProcessors());
  }

  /** With the given number of event loops. */
  public static Loops of(Transport transport, int count) {
    ThreadFactory threads = new DefaultThreadFactory("loops");
    EventLoopGroup group = EventLoopGroups.create(transport, count, threads);
    Map<EventExecutor, Scheduler> schedulers = new HashMap<>();
    group.forEach(loop -> schedulers.put(loop, Schedulers.fromExecutorService(loop)));
    return new Loops(transport, group, LoopResources.colocate(group), schedulers);
  }

  /**
   * The event loop of a connection, for operators. Not a new one for each: it is no small object.
   */
  public Scheduler scheduler(DuplexConnection connection) {
    return Objects.requireNonNull(schedulers.get(connection.channel().eventLoop()));
  }

  @Override
  public EventLoopGroup onServer(boolean useNative) {
    return group;
  }

  /** A connection that is made on an event loop stays on it: what both share needs no lock. */
  @Override
  public EventLoopGroup onClient(boolean useNative) {
    return clientGroup;
  }

  @Override
  public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
    return type == DatagramChannel.class
        ? type.cast(Channels.datagram(transport))
        : LoopResources.super.onChannel(type, group);
  }

  /**
   * Accepts the connections in the kernel's queue, and closes the listening channel. Blocks until
   * it is closed: no connection is accepted after that.
   *
   * @param backlog the length of the queue
   * @param gracePeriod how long this may take: while there are no descriptors, the queue stays
   * @return what is left of the grace period
   */
  public static Duration stopAccepting(Acceptor acceptor, int backlog, Duration gracePeriod) {
    long start = System.nanoTime();
    acceptor
        .stop(backlog, gracePeriod, Acceptor.WhenExhausted.WAIT)
        .completeOnTimeout(null, gracePeriod.plus(LIMIT).toMillis(), MILLISECONDS)
        .join();
    Duration left = gracePeriod.minusNanos(System.nanoTime() - start);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Ends the loops, and waits for that, within bounds. */
  public void end() {
    group
        .shutdownGracefully(0, LIMIT.toMillis(), MILLISECONDS)
        .awaitUninterruptibly(LIMIT.toMillis());
  }
}
