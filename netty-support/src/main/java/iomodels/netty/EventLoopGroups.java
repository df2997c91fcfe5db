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

/** Creates Netty's event-loop groups with a shorter time limit for running tasks. */
public final class EventLoopGroups {

  /**
   * The maximum time for which an event loop runs tasks before it handles I/O again. Netty's
   * default is one second ({@code SingleThreadIoEventLoop}, {@code
   * io.netty.eventLoop.maxTaskProcessingQuantumMs}). While a few clients send and read fast, other
   * connections would wait for that long.
   */
  private static final int MAX_TASK_MILLIS = 1;

  private EventLoopGroups() {}

  /**
   * Creates a group of event loops. Each loop starts its thread when it is first used. The caller
   * owns the group and has to shut it down.
   *
   * @param transport a transport that works on this machine: see {@link Transports#choose}
   * @param loops the number of event loops
   * @param threads creates one thread for each loop
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

  /** Returns the I/O handlers of a transport; for epoll, with {@link EpollNoneOpsWorkaround}. */
  public static IoHandlerFactory ioHandlers(Transport transport) {
    return switch (transport) {
      case NIO -> NioIoHandler.newFactory();
      case EPOLL -> EpollNoneOpsWorkaround.factory();
      case IO_URING -> IoUringIoHandler.newFactory();
    };
  }
}
