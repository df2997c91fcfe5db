package iomodels.netty;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;

/**
 * Logs the failure of a datagram, and does not pass it on. Both frameworks treat an exception in
 * the pipeline as the end of the channel: Reactor Netty ({@code ChannelOperationsHandler}) fails
 * the stream of all datagrams, and Vert.x ({@code VertxHandler}) closes the socket. But only one
 * datagram has failed, and the next one may come from another client.
 *
 * <p><b>Delete this class</b> when both frameworks continue after such an exception. {@code
 * DatagramFailuresTest.reactorNettyStillEndsTheStream} fails as soon as Reactor Netty continues.
 *
 * <p>Thread: the channel's event loop.
 */
final class DatagramErrorHandler extends ChannelInboundHandlerAdapter {

  private static final System.Logger LOG = System.getLogger(DatagramErrorHandler.class.getName());

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
    if (failure instanceof IOException) {
      LOG.log(System.Logger.Level.DEBUG, "A datagram failed: " + failure);
    } else {
      LOG.log(System.Logger.Level.WARNING, "A datagram failed.", failure);
    }
  }
}
