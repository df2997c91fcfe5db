package iomodels.netty;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import iomodels.server.Transport;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;

/** Groups of event loops, as Netty makes them, but with a tighter bound on the time for tasks. */
public final class EventLoopGroups {

  /**
   * How long an event loop runs tasks before it looks for I/O again. Netty's default is one second
   * ({@code SingleThreadIoEventLoop}, {@code io.netty.eventLoop.maxTaskProcessingQuantumMs}). Other
   * connections would wait that long while a few conversations with fast readers go on and on.
   */
  private static final int MAX_TASK_MILLIS = 1;

  private EventLoopGroups() {}

  /**
   * Makes a group of event loops. Each loop starts its thread when it is first used. The caller
   * owns the group, and shuts it down.
   *
   * @param transport a transport that works here: see {@link Transports#choose}
   * @param loops the number of event loops
   * @param threads makes one thread for each loop
   */
  public static EventLoopGroup create(Transport transport, int loops, ThreadFactory threads) {
    IoHandlerFactory handlers = ioHandlers(transport);
    return new MultiThreadIoEventLoopGroup(loops, threads, handlers) {
      @Override
      protected EventLoop newChild(Executor executor, Object... arguments) {
        return new SingleThreadIoEventLoop(
            this,
            executor,
            handlers,
            Integer.MAX_VALUE,
            RejectedExecutionHandlers.reject(),
            MAX_TASK_MILLIS);
      }
    };
  }

  /** What waits for I/O in the event loops of a transport; of epoll, with its workaround. */
  public static IoHandlerFactory ioHandlers(Transport transport) {
    return switch (transport) {
      case NIO -> NioIoHandler.newFactory();
      case EPOLL -> EpollNoneOpsWorkaround.factory();
      case IO_URING -> IoUringIoHandler.newFactory();
    };
  }
}
