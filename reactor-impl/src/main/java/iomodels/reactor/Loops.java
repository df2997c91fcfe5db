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
 * The event loops of one server, on the selected transport; by default, Reactor Netty uses the
 * first native transport that it finds. Works around two faults of Netty: {@link EventLoopGroups},
 * {@link Channels}.
 *
 * <p>This class sets Reactor's hook for dropped errors, which is global to the JVM.
 */
public record Loops(
    Transport transport,
    EventLoopGroup group,
    EventLoopGroup clientGroup,
    Map<EventExecutor, Scheduler> schedulers)
    implements LoopResources {

  /** Maximum time that a stop waits for an asynchronous operation of Netty. */
  public static final Duration LIMIT = Duration.ofSeconds(5);

  private static final long BETWEEN_NOTICES = Duration.ofSeconds(10).toNanos();
  private static final AtomicLong lastShortage =
      new AtomicLong(System.nanoTime() - BETWEEN_NOTICES);

  static {
    Hooks.onErrorDropped(Loops::logDropped);
  }

  /**
   * Logs an error that no subscriber receives, because it occurred after the cancel. A closed
   * connection is not an error. Without free direct memory every read fails; this is logged at most
   * once in ten seconds, without the stack trace.
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
      log.log(Level.WARNING, "An error occurred after a cancel.", failure);
    }
  }

  /** Creates one event loop per core. */
  public static Loops of(Transport transport) {
    return of(transport, Runtime.getRuntime().availableProcessors());
  }

  /** Creates the given number of event loops. */
  public static Loops of(Transport transport, int count) {
    ThreadFactory threads = new DefaultThreadFactory("loops");
    EventLoopGroup group = EventLoopGroups.create(transport, count, threads);
    Map<EventExecutor, Scheduler> schedulers = new HashMap<>();
    group.forEach(loop -> schedulers.put(loop, Schedulers.fromExecutorService(loop)));
    return new Loops(transport, group, LoopResources.colocate(group), schedulers);
  }

  /**
   * Returns the event loop of a connection as a scheduler. Schedulers are large objects, so there
   * is one per event loop and not one per connection.
   */
  public Scheduler scheduler(DuplexConnection connection) {
    return Objects.requireNonNull(schedulers.get(connection.channel().eventLoop()));
  }

  @Override
  public EventLoopGroup onServer(boolean useNative) {
    return group;
  }

  /** A connection that is opened on an event loop stays on it, so shared state needs no lock. */
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
   * Accepts the connections in the accept backlog, and closes the listening channel. Blocks until
   * it is closed; no connection is accepted after that.
   *
   * @param backlog length of the accept backlog
   * @param gracePeriod maximum time; without free descriptors, connections stay in the backlog
   * @return the rest of the grace period
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

  /** Stops the event loops, and waits at most {@link #LIMIT} for that. */
  public void end() {
    group
        .shutdownGracefully(0, LIMIT.toMillis(), MILLISECONDS)
        .awaitUninterruptibly(LIMIT.toMillis());
  }
}
