package iomodels.reactor;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/**
 * Netty's epoll handler, less a fault that loses replies of half-closed connections.
 *
 * <p>When a channel wants to hear of nothing, {@code DefaultEpollIoRegistration.submit} in {@code
 * EpollIoHandler} (4.2.18 to 4.2.20, {@code case Added}) deletes its descriptor from the epoll
 * instance but leaves it in state {@code Added}. The next time it wants to hear that it can write,
 * {@code EPOLL_CTL_MOD} fails with ENOENT, which Netty takes for a failed write: it shuts the
 * output down, and the peer gets a FIN in the middle of its reply. A half-closed channel has
 * nothing to read and often nothing to write, so it is just these that get there. Here such a
 * descriptor stays registered, for edge-triggered notification of nothing.
 */
record KeepRegistered(IoHandler epoll) implements IoHandler {

  static IoHandlerFactory factory() {
    IoHandlerFactory factory = EpollIoHandler.newFactory();
    return executor -> new KeepRegistered(factory.newHandler(executor));
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
