package iomodels.reactor;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import iomodels.server.Transport;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Hooks;
import reactor.netty.channel.AbortedException;
import reactor.netty.resources.LoopResources;

/**
 * The event loops of the transport that was chosen, one for each core: left to itself, Reactor
 * Netty takes the first native one that it finds. With {@link KeepRegistered} and {@link
 * EmptyDatagrams} added.
 */
record Loops(Transport transport, EventLoopGroup group) implements LoopResources {

  /**
   * For how long a loop runs tasks before it looks for I/O again. Netty's own limit is a second: so
   * long would others wait while conversations, each with a reader that keeps up, go on and on.
   */
  private static final int TASK_MILLIS = 1;

  /** How long a stop waits for anything that Netty does by itself. */
  static final Duration LIMIT = Duration.ofSeconds(5);

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

  static Loops of(Transport transport) {
    return of(transport, Runtime.getRuntime().availableProcessors());
  }

  /** So many, whatever the number of cores. */
  static Loops of(Transport transport, int count) {
    IoHandlerFactory io =
        switch (transport) {
          case NIO -> NioIoHandler.newFactory();
          case EPOLL -> KeepRegistered.factory();
          case IO_URING -> IoUringIoHandler.newFactory();
        };
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(count, io) {
          @Override
          protected EventLoop newChild(Executor executor, Object... arguments) {
            return new SingleThreadIoEventLoop(
                this,
                executor,
                io,
                Integer.MAX_VALUE,
                RejectedExecutionHandlers.reject(),
                TASK_MILLIS);
          }
        };
    return new Loops(transport, group);
  }

  @Override
  public EventLoopGroup onServer(boolean useNative) {
    return group;
  }

  @Override
  public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
    if (type != DatagramChannel.class) {
      return LoopResources.super.onChannel(type, group);
    }
    return type.cast(
        switch (transport) {
          case NIO -> EmptyDatagrams.overNio();
          case EPOLL -> EmptyDatagrams.over(new EpollDatagramChannel());
          case IO_URING -> EmptyDatagrams.over(new IoUringDatagramChannel());
        });
  }

  /** Ends the loops, and waits for that, within bounds. */
  void end() {
    group
        .shutdownGracefully(0, LIMIT.toMillis(), MILLISECONDS)
        .awaitUninterruptibly(LIMIT.toMillis());
  }
}
