package iomodels.blocking;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;

/**
 * Binds and closes sockets. If an address cannot be used, it throws a {@link BindException}, even
 * where NIO throws an unchecked exception.
 *
 * <p>A {@link DatagramChannel} neither reports the local address to which a datagram was sent, nor
 * can it choose the source address of a reply (IP_PKTINFO, ip(7)). So a server that is bound to the
 * wildcard address replies from the address that the kernel's routing table selects. To reply from
 * the address of the request, bind the server to that address.
 */
final class Sockets {

  private Sockets() {}

  /** Binds a listener, and starts to listen. */
  static void bind(ServerSocketChannel listener, InetSocketAddress address, int backlog)
      throws IOException {
    bind(() -> listener.bind(address, backlog));
  }

  /** Binds a channel. */
  static void bind(NetworkChannel channel, InetSocketAddress address) throws IOException {
    bind(() -> channel.bind(address));
  }

  /** Closes or shuts down a socket; ignores an error. */
  static void closeQuietly(Closeable action) {
    try {
      action.close();
    } catch (IOException _) {
      // The socket is already closed, or its peer has reset it.
    }
  }

  /** Closes a socket with RST instead of FIN, so that its peer knows that data is missing. */
  static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException _) {
      // It is already closed.
    }
  }

  private interface Bind {
    NetworkChannel call() throws IOException;
  }

  private static void bind(Bind bind) throws IOException {
    try {
      NetworkChannel _ = bind.call();
    } catch (UnresolvedAddressException e) {
      throw failure("unknown host; give an address of this machine", e);
    } catch (UnsupportedAddressTypeException e) {
      throw failure("this machine has no IPv6, or Java does not use it; give an IPv4 address", e);
    }
  }

  private static BindException failure(String reason, Throwable cause) {
    BindException failure = new BindException(reason);
    failure.initCause(cause);
    return failure;
  }
}
