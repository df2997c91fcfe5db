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
 * The echo server of Netty's documentation, without a framework above it: a handler that writes
 * back what it reads, and flushes when a read is complete. It uses NIO, as the documentation does.
 *
 * <p>The client's FIN closes the channel, and pending output is lost. A client that sent 24 MB and
 * then FIN, and read late, received 4 to 15 MB (4.06). The same happens on stop (9.06). The handler
 * does not check whether the channel is writable, so the server takes all input of a client that
 * never reads. So far this broke 5.01 in every run, but it depends on the speed of the machine.
 * Once, on a busy machine, clients were not served even after file descriptors had become available
 * again (8.04). A client that reads all replies before it sends FIN loses nothing.
 */
final class NettyExample {

  private NettyExample() {}

  /** Starts to serve. */
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

  /** The handler of one connection. Thread: the event loop of the connection. */
  @SuppressWarnings("FutureReturnValueIgnored") // as in the documentation
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
