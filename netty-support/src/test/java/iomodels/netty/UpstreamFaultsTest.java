package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows faults of Netty with its public API alone; {@link EpollNoneOpsWorkaroundTest} and {@link
 * EmptyDatagramWorkaroundTest} show others. A test fails as soon as the fault is fixed: then
 * correct docs/faults-upstream.md, and delete the workaround that it names.
 */
@Timeout(120)
class UpstreamFaultsTest {

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

  /** Records what Netty reports about a connection. */
  private final class Recorder extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ReferenceCountUtil.release(message);
      events.add("data");
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      events.add(event.getClass().getSimpleName());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
      events.add("exception");
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      events.add("inactive");
    }
  }

  private interface Client {
    void talk(Socket socket) throws Exception;
  }

  /** Serves one connection, as a server that supports half-closed connections. */
  private void serve(IoHandlerFactory io, Class<? extends ServerChannel> type, Client client)
      throws Exception {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, io);
    try {
      Channel listener =
          new ServerBootstrap()
              .group(loop)
              .channel(type)
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(new Recorder());
                    }
                  })
              .bind("127.0.0.1", 0)
              .syncUninterruptibly()
              .channel();
      try (Socket socket = new Socket()) {
        socket.connect((InetSocketAddress) listener.localAddress());
        socket.setSoLinger(true, 0); // close() sends RST
        client.talk(socket);
      }
    } finally {
      loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  @Test
  void nioReportsTheEndOfInputAfterAReset() throws Exception {
    // tag::reset[]
    List<String> seen = new ArrayList<>();
    serve(
        NioIoHandler.newFactory(),
        NioServerSocketChannel.class,
        socket -> {
          socket.close();
          do {
            seen.add(events.take());
          } while (!seen.contains("ChannelInputShutdownReadComplete")); // as after a FIN
        });
    assertThat(seen).contains("exception").doesNotContain("inactive");
    // end::reset[]
  }

  /** About nine of ten resets are lost; one is enough. */
  @Test
  @Tag("thorough")
  void ioUringLosesAResetAfterData() throws Exception {
    assumeThat(IoUring.isAvailable()).isTrue();
    boolean lost = false;
    for (int i = 0; i < 100 && !lost; i++) {
      lost = isLost();
    }
    assertThat(lost).isTrue();
  }

  // tag::lost[]
  private boolean isLost() throws Exception {
    List<Boolean> lost = new ArrayList<>();
    serve(
        IoUringIoHandler.newFactory(),
        IoUringServerSocketChannel.class,
        socket -> {
          socket.getOutputStream().write(1);
          socket.close();
          boolean isData = events.take().equals("data");
          lost.add(isData && events.poll(5, TimeUnit.SECONDS) == null);
        });
    events.clear();
    return lost.contains(true);
  }
  // end::lost[]
}
