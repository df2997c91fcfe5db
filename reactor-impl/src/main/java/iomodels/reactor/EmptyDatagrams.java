package iomodels.reactor;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/**
 * Sends empty datagrams, which are as good as any other, past Netty, whose channels drop them and
 * report success ({@code NioDatagramChannel.doWriteMessage}: {@code dataLen == 0}; the native ones
 * the same).
 */
final class EmptyDatagrams extends ChannelDuplexHandler {

  private interface Sender {
    void send(ByteBuffer nothing, InetSocketAddress recipient) throws IOException;
  }

  private final Sender sender;

  private EmptyDatagrams(Sender sender) {
    this.sender = sender;
  }

  /** Netty's channel over one of Java's, which sends them. */
  static DatagramChannel overNio() {
    try {
      var nio = java.nio.channels.DatagramChannel.open();
      DatagramChannel channel = new NioDatagramChannel(nio);
      channel.pipeline().addLast(new EmptyDatagrams(nio::send));
      return channel;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** The native channel, whose descriptor sends them. */
  static <C extends DatagramChannel & UnixChannel> C over(C channel) {
    Socket socket = new Socket(channel.fd().intValue());
    channel
        .pipeline()
        .addLast(
            new EmptyDatagrams(
                (nothing, to) -> socket.sendTo(nothing, 0, 0, to.getAddress(), to.getPort())));
    return channel;
  }

  /** What has failed is one datagram; passed on, it would end the stream of them all. */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    System.Logger log = System.getLogger(EmptyDatagrams.class.getName());
    if (failure instanceof IOException) {
      log.log(System.Logger.Level.DEBUG, "datagram: " + failure);
    } else {
      log.log(System.Logger.Level.WARNING, "A datagram failed.", failure);
    }
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // it is the promise, which the caller has
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof DatagramPacket packet && !packet.content().isReadable()) {
      packet.release();
      try {
        sender.send(ByteBuffer.allocateDirect(0), packet.recipient());
        promise.setSuccess();
      } catch (IOException failure) {
        promise.setFailure(failure);
      }
    } else {
      context.write(message, promise);
    }
  }
}
