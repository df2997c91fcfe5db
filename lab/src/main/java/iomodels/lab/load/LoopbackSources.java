package iomodels.lab.load;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Loopback addresses for clients: each has ports of its own. */
final class LoopbackSources {

  /** Linux answers on all of 127.0.0.0/8. */
  private static final int ADDRESSES = 8;

  private LoopbackSources() {}

  /** The address for a client to connect from; empty for IPv6, which has one loopback address. */
  static Optional<InetSocketAddress> of(InetSocketAddress server, int number) {
    if (!(server.getAddress() instanceof Inet4Address)) {
      return Optional.empty();
    }
    byte[] source = {127, 0, 0, (byte) (2 + number % ADDRESSES)};
    try {
      return Optional.of(new InetSocketAddress(InetAddress.getByAddress(source), 0));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }
}
