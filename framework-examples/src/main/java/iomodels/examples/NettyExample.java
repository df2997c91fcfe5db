package iomodels.examples;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Netty without a framework above it, as its documentation writes an echo server: a handler that
 * writes what it reads, and flushes when there is no more to read. On NIO, as it is there.
 *
 * <p>What it loses: the client's FIN closes the channel, and with it goes what waits to be written;
 * a client that has sent 24 MB, and then its FIN, and reads late, got 4 to 15 MB of them (4.06). On
 * stop likewise (9.06). Nobody asks whether the channel is writable, so that it takes all that a
 * client sends who never reads (5.01, in every run so far, but a matter of the machine's speed).
 * Without descriptors, clients were not served even when there were some again (8.04, seen once, on
 * a busy machine). A client that reads what it is owed before it ends loses nothing.
 */
final class NettyExample {

  private NettyExample() {}

  /** Serves until it is stopped. */
  static ExampleServer serve(InetSocketAddress address) throws IOException {
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, 100)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel.pipeline().addLast(new Echo());
                  }
                });
    var bound = bootstrap.bind(address).awaitUninterruptibly();
    Channel listening = bound.channel();
    if (!bound.isSuccess()) {
      group.shutdownGracefully().awaitUninterruptibly();
      throw ExampleServer.refused(new IOException(bound.cause()));
    }
    return new ExampleServer(
        (InetSocketAddress) listening.localAddress(),
        () -> {
          listening.close().awaitUninterruptibly();
          group.shutdownGracefully().awaitUninterruptibly();
        });
  }

  /** One for each connection, always on its event loop. */
  @SuppressWarnings("FutureReturnValueIgnored") // as the documentation does: no one hears of it
  private static final class Echo extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.write(Ascii.upper((ByteBuf) message));
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
