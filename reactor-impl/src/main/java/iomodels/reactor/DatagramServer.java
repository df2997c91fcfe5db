package iomodels.reactor;

import static java.lang.System.Logger.Level.WARNING;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DatagramPacket;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.ChannelBindException;
import reactor.netty.Connection;
import reactor.netty.NettyInbound;
import reactor.netty.NettyOutbound;
import reactor.netty.udp.UdpServer;

/**
 * UDP part of a server. A UDP socket is one stream with the datagrams of all clients. Each datagram
 * is answered on the event loop of the socket, and the next one is read when the reply is sent.
 */
final class DatagramServer {

  private static final System.Logger LOG = System.getLogger(DatagramServer.class.getName());
  private static final int MAX_SIZE = 64 * 1024;

  private final Responder responder;

  /** Buffer for all replies: zeroing a new one of 64 KiB would cost more than the rest. */
  private final ByteBuffer out = ByteBuffer.allocate(MAX_SIZE);

  private final Connection socket;

  private DatagramServer(InetSocketAddress address, Loops loops, Responder responder) {
    this.responder = responder;
    socket =
        UdpServer.create()
            .bindAddress(() -> address)
            .runOn(loops)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_SIZE))
            .handle(this::answerAll)
            .bindNow();
  }

  /**
   * Starts to answer datagrams, if both the service and the configuration include them.
   *
   * @param address address of the TCP listener, with its actual port
   * @throws ChannelBindException if the address cannot be used
   */
  static Optional<DatagramServer> bind(
      ServerConfig config, Service service, InetSocketAddress address, Loops loops) {
    return service
        .datagrams()
        .filter(_ -> config.datagrams())
        .map(it -> new DatagramServer(address, loops, it));
  }

  // tag::datagrams[]
  private Publisher<Void> answerAll(NettyInbound inbound, NettyOutbound outbound) {
    return inbound
        .receiveObject()
        .cast(DatagramPacket.class)
        .concatMap(datagram -> answer(datagram, outbound), 0);
  }

  /** Never fails: a failure of one datagram would end the stream for all. */
  private Mono<Void> answer(DatagramPacket datagram, NettyOutbound outbound) {
    return Mono.fromCallable(() -> reply(datagram))
        .doOnError(bug -> LOG.log(WARNING, "A responder failed.", bug))
        .flatMap(reply -> outbound.sendObject(reply).then())
        .onErrorComplete();
  }

  private DatagramPacket reply(DatagramPacket datagram) {
    responder.reply(datagram.content().nioBuffer(), out.clear());
    return new DatagramPacket(Unpooled.copiedBuffer(out.flip()), datagram.sender());
  }

  // end::datagrams[]

  /** Closes the socket, and waits at most {@link Loops#LIMIT} for that. */
  void close() {
    socket.channel().close().awaitUninterruptibly(Loops.LIMIT.toMillis());
  }
}
