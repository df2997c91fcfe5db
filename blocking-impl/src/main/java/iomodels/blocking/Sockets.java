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
 * Binds and closes sockets. An address that cannot be used is a {@link BindException}, also where
 * NIO throws an unchecked exception.
 *
 * <p>A {@link DatagramChannel} does not tell to which local address a datagram was sent, nor can it
 * choose the address from which a reply goes (IP_PKTINFO, ip(7)). So a server on a wildcard address
 * answers from the address that the kernel's routing table prefers. A server that has to answer
 * from the address it was asked at is bound to that address.
 */
public final class Sockets {

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

  /** Closes or shuts down a socket that may be closed already, or reset by its peer. */
  public static void closeQuietly(Closeable action) {
    try {
      action.close();
    } catch (IOException _) {
      // There is nothing left to close.
    }
  }

  /** Closes a socket with RST in place of FIN: what its peer has received is not the whole. */
  public static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException _) {
      // It is closed already.
    }
  }

  private interface Bind {
    NetworkChannel call() throws IOException;
  }

  private static void bind(Bind bind) throws IOException {
    try {
      NetworkChannel _ = bind.call();
    } catch (UnresolvedAddressException e) {
      throw failure("this host is unknown; give an address of this machine", e);
    } catch (UnsupportedAddressTypeException e) {
      throw failure("this machine, or its Java, has no IPv6; give an IPv4 address", e);
    }
  }

  private static BindException failure(String reason, Throwable cause) {
    BindException failure = new BindException(reason);
    failure.initCause(cause);
    return failure;
  }
}
