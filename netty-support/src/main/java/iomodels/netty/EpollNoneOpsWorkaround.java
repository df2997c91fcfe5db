package iomodels.netty;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/**
 * Netty's epoll handler, without a bug that truncates replies to half-closed connections.
 *
 * <p><b>The bug.</b> Since Netty 4.2.13 a channel whose interest set becomes empty ({@link
 * EpollIoOps#NONE}) is removed from the epoll instance: <a
 * href="https://github.com/netty/netty/pull/16689">netty#16689</a>, the fix of CVE-2026-42577,
 * where an event loop could spin on such a channel after a reset. But its registration ({@code
 * EpollIoHandler.DefaultEpollIoRegistration.submit}, {@code case Added}) stays in the state {@code
 * Added}. When the channel next waits until it can write, {@code EPOLL_CTL_MOD} fails with ENOENT.
 * Netty treats this as a failed write and shuts the output down: the peer receives FIN in the
 * middle of a reply. Half-closed channels are affected, since they wait neither for input nor, most
 * of the time, for output. Observed with 4.2.18 to 4.2.20.
 *
 * <p><b>The workaround.</b> An empty interest set is replaced by {@link EpollIoOps#EPOLLET} alone,
 * so the descriptor stays in the epoll instance. An error or a hang-up, which epoll always reports,
 * is then reported only once, and the loop does not spin.
 *
 * <p><b>Delete this class</b> when {@code submit} adds the descriptor again after it has removed
 * it. {@code EpollNoneOpsWorkaroundTest.nettyStillLosesTheRegistration} fails then.
 *
 * <p>Thread: the same as for Netty's handler.
 */
record EpollNoneOpsWorkaround(IoHandler epoll) implements IoHandler {

  static IoHandlerFactory factory() {
    IoHandlerFactory factory = EpollIoHandler.newFactory();
    return executor -> new EpollNoneOpsWorkaround(factory.newHandler(executor));
  }

  private record Registration(IoRegistration epoll) implements IoRegistration {

    @Override
    public long submit(IoOps ops) {
      return epoll.submit(EpollIoOps.NONE.equals(ops) ? EpollIoOps.EPOLLET : ops);
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature
    public <T> T attachment() {
      return epoll.attachment();
    }

    @Override
    public boolean isValid() {
      return epoll.isValid();
    }

    @Override
    public boolean cancel() {
      return epoll.cancel();
    }
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return new Registration(epoll.register(handle));
  }

  @Override
  public void initialize() {
    epoll.initialize();
  }

  @Override
  public int run(IoHandlerContext context) {
    return epoll.run(context);
  }

  @Override
  public void prepareToDestroy() {
    epoll.prepareToDestroy();
  }

  @Override
  public void destroy() {
    epoll.destroy();
  }

  @Override
  public void wakeup() {
    epoll.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return epoll.isCompatible(handleType);
  }
}
