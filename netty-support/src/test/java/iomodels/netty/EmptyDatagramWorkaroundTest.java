package iomodels.netty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import iomodels.server.Transport;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class EmptyDatagramWorkaroundTest {

  /**
   * Sends an empty datagram and then another one; returns the payload of the first that arrives.
   */
  private static String firstReceived(Transport transport, Supplier<DatagramChannel> channels)
      throws Exception {
    assumeThat(Transports.unavailabilityCause(transport)).isEmpty();
    EventLoopGroup group = EventLoopGroups.create(transport, 1, Thread.ofPlatform().factory());
    InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
    try (DatagramSocket receiver = new DatagramSocket(0, loopback)) {
      receiver.setSoTimeout(30_000);
      InetSocketAddress to = new InetSocketAddress(loopback, receiver.getLocalPort());
      Channel channel =
          new Bootstrap()
              .group(group)
              .channelFactory(channels::get)
              .handler(new ChannelInboundHandlerAdapter())
              .bind(loopback, 0)
              .syncUninterruptibly()
              .channel();
      // tag::empty[]
      for (String text : new String[] {"", "next"}) {
        channel
            .writeAndFlush(new DatagramPacket(Unpooled.copiedBuffer(text, US_ASCII), to))
            .syncUninterruptibly();
      }
      var packet = new java.net.DatagramPacket(new byte[10], 10);
      receiver.receive(packet);
      return new String(packet.getData(), 0, packet.getLength(), US_ASCII);
      // end::empty[]
    } finally {
      group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anEmptyDatagramIsSent(Transport transport) throws Exception {
    assertThat(firstReceived(transport, () -> Channels.datagram(transport))).isEmpty();
  }

  /**
   * If this fails, Netty has been fixed: delete the workaround for the transport, and this test.
   */
  @ParameterizedTest
  @EnumSource(names = {"NIO", "EPOLL"})
  void nettyStillDropsEmptyDatagrams(Transport transport) throws Exception {
    Supplier<DatagramChannel> channels =
        transport == Transport.NIO ? NioDatagramChannel::new : EpollDatagramChannel::new;
    assertThat(firstReceived(transport, channels)).isEqualTo("next");
  }
}
