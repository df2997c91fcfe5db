package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Errors.NativeIoException;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class StartFailuresTest {

  @ParameterizedTest
  @EnumSource
  void aPortInUseCausesABindExceptionOnEveryTransport(Transport transport) throws Exception {
    assumeThat(Transports.unavailabilityCause(transport)).isEmpty();
    EventLoopGroup group = EventLoopGroups.create(transport, 1, Thread.ofPlatform().factory());
    InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
    try (ServerSocket taken = new ServerSocket(0, 1, loopback)) {
      ChannelFuture bound =
          new ServerBootstrap()
              .group(group)
              .channelFactory(() -> Channels.server(transport))
              .childHandler(new ChannelInboundHandlerAdapter())
              .bind(loopback, taken.getLocalPort())
              .awaitUninterruptibly();
      assertThat(StartFailures.of(bound.cause()))
          .isInstanceOf(BindException.class)
          .hasMessageContaining("Address already in use");
    } finally {
      group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  @Test
  void otherIoExceptionsAreNotConverted() {
    assumeThat(Epoll.isAvailable()).isTrue(); // loads the native code for error messages
    NativeIoException reset = Errors.newConnectionResetException("read", -104);
    assertThat(StartFailures.of(reset)).isSameAs(reset);
  }

  @Test
  void anotherExceptionBecomesTheCause() {
    IllegalStateException bug = new IllegalStateException("a bug");
    assertThat(StartFailures.of(bug)).isExactlyInstanceOf(IOException.class).hasCause(bug);
  }

  @Test
  void aShortageOfThreadsNamesTheRemedy() {
    assertThat(StartFailures.of(new OutOfMemoryError("unable to create native thread")))
        .hasMessageContaining("no thread left")
        .hasMessageContaining("ulimit -u");
  }
}
