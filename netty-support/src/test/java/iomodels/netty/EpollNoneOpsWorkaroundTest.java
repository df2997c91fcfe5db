package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EpollNoneOpsWorkaroundTest {

  /** A socket that is always writable; records the events that epoll reports. */
  private static final class Datagrams implements EpollIoHandle {

    private final Socket socket = Socket.newSocketDgram();
    private final CountDownLatch writable = new CountDownLatch(1);

    @Override
    public FileDescriptor fd() {
      return socket;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      if (((EpollIoEvent) event).ops().contains(EpollIoOps.EPOLLOUT)) {
        writable.countDown();
        registration.submit(EpollIoOps.NONE);
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @BeforeEach
  void assumeEpoll() {
    assumeThat(Epoll.isAvailable()).as("epoll: " + Epoll.unavailabilityCause()).isTrue();
  }

  /** Sets an empty interest set, then EPOLLOUT; returns whether the latter is reported. */
  private static boolean isWritableAfterNone(IoHandlerFactory factory) throws Exception {
    MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, factory);
    Datagrams datagrams = new Datagrams();
    try {
      // tag::none[]
      IoEventLoop loop = group.next();
      IoRegistration registration = loop.register(datagrams).get();
      registration.submit(EpollIoOps.EPOLLIN);
      registration.submit(EpollIoOps.NONE);
      registration.submit(EpollIoOps.EPOLLOUT);
      return datagrams.writable.await(30, TimeUnit.SECONDS);
      // end::none[]
    } finally {
      group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
      datagrams.close();
    }
  }

  @Test
  void writabilityIsReportedAfterAnEmptyInterestSet() throws Exception {
    assertThat(isWritableAfterNone(EpollNoneOpsWorkaround.factory())).isTrue();
  }

  /** If this fails, Netty has been fixed: delete {@link EpollNoneOpsWorkaround}, and this test. */
  @Test
  void nettyStillLosesTheRegistration() {
    assertThatThrownBy(() -> isWritableAfterNone(EpollIoHandler.newFactory()))
        .cause()
        .isInstanceOfSatisfying(
            NativeIoException.class,
            it -> assertThat(it.expectedErr()).isEqualTo(Errors.ERRNO_ENOENT_NEGATIVE));
  }
}
