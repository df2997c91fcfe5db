package iomodels.netty;

import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import iomodels.server.Transport;

/**
 * New channels of a transport, not yet registered with an event loop. The caller owns a channel,
 * and closes it. A transport that does not work here ({@link Transports#unavailabilityCause}) has
 * none: the methods throw an error then.
 */
public final class Channels {

  private Channels() {}

  /** A channel to listen with. */
  public static ServerSocketChannel server(Transport transport) {
    return switch (transport) {
      case NIO -> new NioServerSocketChannel();
      case EPOLL -> new EpollServerSocketChannel();
      case IO_URING -> new IoUringServerSocketChannel();
    };
  }

  /** A channel to connect with. */
  public static SocketChannel stream(Transport transport) {
    return switch (transport) {
      case NIO -> new NioSocketChannel();
      case EPOLL -> new EpollSocketChannel();
      case IO_URING -> new IoUringSocketChannel();
    };
  }

  /**
   * A channel for UDP. It sends empty datagrams, which Netty's own channels drop on some
   * transports, and goes on after a datagram that could not be received.
   *
   * @throws java.io.UncheckedIOException if there is no file descriptor left
   */
  public static DatagramChannel datagram(Transport transport) {
    DatagramChannel channel =
        switch (transport) {
          case NIO -> EmptyDatagramWorkaround.openNio();
          case EPOLL -> EmptyDatagramWorkaround.install(new EpollDatagramChannel());
          case IO_URING -> new IoUringDatagramChannel();
        };
    channel.pipeline().addLast(new DatagramErrorHandler());
    return channel;
  }
}
