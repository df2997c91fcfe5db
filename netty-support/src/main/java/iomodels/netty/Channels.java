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
 * Creates channels of a transport, not yet registered with an event loop. The caller owns the
 * channel and has to close it. If the transport does not work on this machine ({@link
 * Transports#unavailabilityCause}), the methods throw an error.
 */
public final class Channels {

  private Channels() {}

  /** Creates a listening TCP channel. */
  public static ServerSocketChannel server(Transport transport) {
    return switch (transport) {
      case NIO -> new NioServerSocketChannel();
      case EPOLL -> new EpollServerSocketChannel();
      case IO_URING -> new IoUringServerSocketChannel();
    };
  }

  /** Creates a TCP channel for a client. */
  public static SocketChannel stream(Transport transport) {
    return switch (transport) {
      case NIO -> new NioSocketChannel();
      case EPOLL -> new EpollSocketChannel();
      case IO_URING -> new IoUringSocketChannel();
    };
  }

  /**
   * Creates a UDP channel. It sends empty datagrams, which Netty's own channels drop on some
   * transports, and continues after a datagram that could not be received.
   *
   * @throws java.io.UncheckedIOException if the process has no file descriptor left
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
