package iomodels.netty;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/**
 * Sends empty datagrams, which Netty's NIO and epoll channels drop.
 *
 * <p><b>The bug.</b> A datagram without a payload is valid (RFC 768). The two channels report
 * success and send nothing: {@code NioDatagramChannel.doWriteMessage} returns at once if {@code
 * dataLen == 0}, and {@code EpollDatagramChannel.doWriteMessage} does the same. This was the
 * solution of <a href="https://github.com/netty/netty/issues/575">netty#575</a>, where an empty
 * datagram was sent repeatedly. Observed with 4.2.18; {@code IoUringDatagramChannel} is correct.
 *
 * <p><b>The workaround.</b> A handler at the head of the pipeline sends an empty datagram itself,
 * on the same socket, and completes the promise. The empty datagram may overtake datagrams that
 * Netty has queued because the socket's send buffer is full; UDP does not preserve order anyway.
 *
 * <p><b>Delete this class</b> when both channels send empty datagrams. {@code
 * EmptyDatagramWorkaroundTest.nettyStillDropsEmptyDatagrams} fails then.
 *
 * <p>Thread: the channel's event loop. The channel owns the socket.
 */
final class EmptyDatagramWorkaround extends ChannelOutboundHandlerAdapter {

  private interface Sender {
    void send(ByteBuffer empty, InetSocketAddress recipient) throws IOException;
  }

  private final Sender sender;

  private EmptyDatagramWorkaround(Sender sender) {
    this.sender = sender;
  }

  /**
   * Creates Netty's channel on a channel of the JDK, which sends empty datagrams.
   *
   * @throws UncheckedIOException if the process has no file descriptor left
   */
  static DatagramChannel openNio() {
    try {
      var nio = java.nio.channels.DatagramChannel.open();
      DatagramChannel channel = new NioDatagramChannel(nio);
      channel.pipeline().addLast(new EmptyDatagramWorkaround(nio::send));
      return channel;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Adds the workaround to an epoll channel, whose descriptor can send empty datagrams. */
  static EpollDatagramChannel install(EpollDatagramChannel channel) {
    Socket socket = new Socket(channel.fd().intValue());
    channel
        .pipeline()
        .addLast(
            new EmptyDatagramWorkaround(
                (empty, to) -> socket.sendTo(empty, 0, 0, to.getAddress(), to.getPort())));
    return channel;
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // the caller has the same promise
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
